/** The frame of every page, and which page the address names. */
import { t } from '../shared/i18n';
import { ExamsPage } from './exams';
import { LoginPage } from './login';
import { Tools } from './parts';
import { ResultPage, ReviewPage } from './result';
import { SessionPage } from './session';
import { api, dropLogin, go, me, route } from './state';

function Header() {
  const who = me.value;
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
      <Tools />
      {who !== null && (
        <p class="who">
          <span>
            {who.name}　{who.unit_name}
          </span>
          <button type="button" class="plain" onClick={logout}>
            {t('logout')}
          </button>
        </p>
      )}
    </header>
  );
}

function NotFound() {
  return (
    <main class="card narrow">
      <h1>{t('notFoundTitle')}</h1>
      <p>{t('notFoundText')}</p>
      <div class="actions">
        <a class="button primary" href="#/exams">
          {t('myExams')}
        </a>
      </div>
    </main>
  );
}

function Page() {
  const [name, a, b] = route.value;
  if (me.value === null) return <LoginPage />;
  if (name === undefined || name === 'exams' || name === 'login') return <ExamsPage key="list" />;
  if (name === 'exam' && a !== undefined) return <ExamsPage key={a} exam={a} />;
  if (name === 'session' && a !== undefined) return <SessionPage key={a} id={a} />;
  if (name === 'result' && a !== undefined && b !== undefined)
    return <ResultPage key={b} exam={a} id={b} />;
  if (name === 'review' && a !== undefined) return <ReviewPage key={a} id={a} />;
  return <NotFound />;
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
