/** What all pages share: who is logged in, where we are, the server's clock. */
import { signal } from '@preact/signals';
import { Api, type Login, type Me } from '../shared/api';
import { ServerClock } from '../shared/clock';
import { lang, t, type Lang } from '../shared/i18n';

export const api = new Api();
export const clock = new ServerClock();
export const me = signal<Me | null>(null);
export const loginEnded = signal(false);
/** What the result page says once of the sitting that led there. */
export const farewell = signal('');
export const route = signal<string[]>([]);
export type TextSize = 'normal' | 'large' | 'huge';
export const textSize = signal<TextSize>('normal');

interface Kept {
  token: string;
  expires_ms: number;
  me: Me;
}

function readRoute(): string[] {
  const parts = location.hash.replace(/^#\/?/, '').split('/').filter(Boolean);
  try {
    return parts.map(decodeURIComponent);
  } catch {
    return parts; // not an address of ours: the page says that there is nothing
  }
}
export function go(...parts: string[]): void {
  location.hash = '#/' + parts.map(encodeURIComponent).join('/');
}
/** Goes there instead of here, so that “back” does not return. */
export function goInstead(...parts: string[]): void {
  location.replace('#/' + parts.map(encodeURIComponent).join('/'));
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
  if (!ended) localStorage.removeItem('mingfa.paper');
}
export function setTextSize(size: TextSize): void {
  textSize.value = size;
  document.documentElement.dataset['size'] = size;
  localStorage.setItem('mingfa.size', size);
}
export function setLang(next: Lang): void {
  speak(next);
  localStorage.setItem('mingfa.lang', next);
}
/** The language that was chosen here, else the first that the browser asks for, else Chinese. */
function firstLang(): Lang {
  const kept = localStorage.getItem('mingfa.lang');
  if (kept === 'zh' || kept === 'en') return kept;
  for (const each of navigator.languages) {
    if (each.toLowerCase().startsWith('zh')) return 'zh';
    if (each.toLowerCase().startsWith('en')) return 'en';
  }
  return 'zh';
}
function speak(next: Lang): void {
  lang.value = next;
  api.lang = next;
  document.documentElement.lang = next === 'zh' ? 'zh-CN' : 'en';
  document.title = t('appName');
}
export function initState(): void {
  api.onClock = (serverMs, roundTripMs) => clock.set(serverMs, roundTripMs);
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
  speak(firstLang());
  route.value = readRoute();
  addEventListener('hashchange', () => {
    route.value = readRoute();
    scrollTo(0, 0);
  });
}
