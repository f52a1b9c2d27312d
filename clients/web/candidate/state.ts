/** What all pages share: who is logged in, where we are, the server's clock. */
import { signal } from '@preact/signals';
import { Api, type Login, type Me } from '../shared/api';
import { ServerClock } from '../shared/clock';
import { lang, type Lang } from '../shared/i18n';

export const api = new Api();
export const clock = new ServerClock();
export const me = signal<Me | null>(null);
export const loginEnded = signal(false);
export const route = signal<string[]>([]);
export type TextSize = 'normal' | 'large' | 'huge';
export const textSize = signal<TextSize>('normal');

interface Kept {
  token: string;
  expires_ms: number;
  me: Me;
}

function readRoute(): string[] {
  return location.hash.replace(/^#\/?/, '').split('/').filter(Boolean).map(decodeURIComponent);
}
export function go(...parts: string[]): void {
  location.hash = '#/' + parts.map(encodeURIComponent).join('/');
}
export function keepLogin(login: Login): void {
  api.token = login.token;
  me.value = login.me;
  loginEnded.value = false;
  localStorage.setItem('mingfa.login', JSON.stringify(login));
}
export function dropLogin(ended: boolean): void {
  api.token = null;
  me.value = null;
  loginEnded.value = ended;
  localStorage.removeItem('mingfa.login');
}
export function setTextSize(size: TextSize): void {
  textSize.value = size;
  document.documentElement.dataset['size'] = size;
  localStorage.setItem('mingfa.size', size);
}
export function setLang(next: Lang): void {
  lang.value = next;
  api.lang = next;
  document.documentElement.lang = next === 'zh' ? 'zh-CN' : 'en';
  localStorage.setItem('mingfa.lang', next);
}
export function initState(): void {
  api.onClock = (now) => clock.set(now);
  api.onLoggedOut = () => dropLogin(true);
  const kept = localStorage.getItem('mingfa.login');
  if (kept !== null) {
    try {
      const login = JSON.parse(kept) as Kept;
      api.token = login.token;
      me.value = login.me;
    } catch {
      localStorage.removeItem('mingfa.login');
    }
  }
  setTextSize((localStorage.getItem('mingfa.size') as TextSize | null) ?? 'normal');
  setLang((localStorage.getItem('mingfa.lang') as Lang | null) ?? 'zh');
  route.value = readRoute();
  addEventListener('hashchange', () => {
    route.value = readRoute();
    scrollTo(0, 0);
  });
}
