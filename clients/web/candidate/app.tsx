import { ApiError } from '../shared/api';
import { lang, t } from '../shared/i18n';
import { ExamsPage } from './exams';
import { LoginPage } from './login';
import { ResultPage, ReviewPage } from './result';
import { SessionPage } from './session';
import {
  api,
  dropLogin,
  go,
  me,
  route,
  setLang,
  setTextSize,
  textSize,
  type TextSize,
} from './state';

/** The sentence for a person, whatever went wrong. */
export function sentenceOf(e: unknown): string {
  return e instanceof ApiError ? e.message : t('networkDown');
}

function Header() {
  const who = me.value;
  const sizes: TextSize[] = ['normal', 'large', 'huge'];
  const logout = (): void => {
    const done = (): void => {
      dropLogin(false);
      go('login');
    };
    api.logout().then(done, done);
  };
  return (
    <header class="top">
      <a class="brand" href="#/exams">
        {t('appName')}
      </a>
      <div class="tools">
        <label>
          <span class="quiet">{t('textSize')}</span>
          <select
            value={textSize.value}
            onChange={(e) => setTextSize(e.currentTarget.value as TextSize)}
          >
            {sizes.map((size) => (
              <option key={size} value={size}>
                {t(size)}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          class="plain"
          lang={lang.value === 'zh' ? 'en' : 'zh-CN'}
          onClick={() => setLang(lang.value === 'zh' ? 'en' : 'zh')}
        >
          {lang.value === 'zh' ? 'English' : '中文'}
        </button>
        {who !== null && (
          <button type="button" class="plain" onClick={logout}>
            {t('logout')}
          </button>
        )}
      </div>
      {who !== null && (
        <p class="who">
          {who.name}　{who.unit_name}
        </p>
      )}
    </header>
  );
}

function Page() {
  const [name, a, b] = route.value;
  if (me.value === null) return <LoginPage />;
  if (name === 'session' && a !== undefined) return <SessionPage key={a} id={a} />;
  if (name === 'result' && a !== undefined && b !== undefined)
    return <ResultPage key={a} exam={a} id={b} />;
  if (name === 'review' && a !== undefined) return <ReviewPage key={a} id={a} />;
  return <ExamsPage exam={name === 'exam' ? a : undefined} />;
}

export function App() {
  const inSession = route.value[0] === 'session' && me.value !== null;
  return (
    <div class={inSession ? 'shell sitting' : 'shell'}>
      {!inSession && <Header />}
      <Page />
    </div>
  );
}
