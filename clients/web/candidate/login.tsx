/** Log-in. */
import { useState } from 'preact/hooks';
import { t } from '../shared/i18n';
import { sentenceOf } from './parts';
import { api, go, keepLogin, loginEnded, route } from './state';

const PASSWORD_CHARS_MIN = 10;

/** Log-in by password, or the first time by a one-time activation code. */
export function LoginPage() {
  const [mode, setMode] = useState<'login' | 'activate'>(
    localStorage.getItem('mingfa.person') === null ? 'activate' : 'login',
  );
  const [person, setPerson] = useState(localStorage.getItem('mingfa.person') ?? '');
  const [code, setCode] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const [shown, setShown] = useState(false);

  const submit = async (e: Event): Promise<void> => {
    e.preventDefault();
    if (mode === 'activate') {
      if (password.length < PASSWORD_CHARS_MIN) return setError(t('passwordShort'));
      if (password !== again) return setError(t('passwordsDiffer'));
    }
    setBusy(true);
    setError('');
    try {
      const login =
        mode === 'activate'
          ? await api.activate(person.trim(), code.trim(), password)
          : await api.login(person.trim(), password);
      localStorage.setItem('mingfa.person', login.me.person);
      keepLogin(login);
      if (route.value.length === 0 || route.value[0] === 'login') go('exams');
    } catch (e2) {
      setError(sentenceOf(e2));
    } finally {
      setBusy(false);
    }
  };

  return (
    <main class="card narrow">
      {loginEnded.value && (
        <p class="notice" role="status">
          {t('loginEnded')}
        </p>
      )}
      <h1 class="sr">{t('loginTitle')}</h1>
      <div class="tabs" role="group" aria-label={t('loginTitle')}>
        {(['login', 'activate'] as const).map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={mode === each}
            class={mode === each ? 'tab chosen' : 'tab'}
            onClick={() => {
              setMode(each);
              setError('');
            }}
          >
            {t(each === 'login' ? 'loginTab' : 'activateTab')}
          </button>
        ))}
      </div>
      <form onSubmit={submit}>
        <label class="field">
          {t('person')}
          <input
            required
            autocomplete="username"
            autocapitalize="characters"
            spellcheck={false}
            value={person}
            onInput={(e) => setPerson(e.currentTarget.value)}
          />
        </label>
        {mode === 'activate' && (
          <label class="field">
            {t('code')}
            <input
              required
              autocomplete="one-time-code"
              autocapitalize="characters"
              spellcheck={false}
              value={code}
              onInput={(e) => setCode(e.currentTarget.value)}
            />
            <small>{t('codeHint')}</small>
          </label>
        )}
        <label class="field">
          {t(mode === 'login' ? 'password' : 'newPassword')}
          <input
            required
            type={shown ? 'text' : 'password'}
            autocomplete={mode === 'login' ? 'current-password' : 'new-password'}
            value={password}
            onInput={(e) => setPassword(e.currentTarget.value)}
          />
          {mode === 'activate' && <small>{t('newPasswordHint')}</small>}
        </label>
        {mode === 'activate' && (
          <label class="field">
            {t('newPasswordAgain')}
            <input
              required
              type={shown ? 'text' : 'password'}
              autocomplete="new-password"
              value={again}
              onInput={(e) => setAgain(e.currentTarget.value)}
            />
          </label>
        )}
        <label class="check">
          <input
            type="checkbox"
            checked={shown}
            onChange={(e) => setShown(e.currentTarget.checked)}
          />
          {t('showPassword')}
        </label>
        {error !== '' && (
          <p class="error" role="alert">
            {error}
          </p>
        )}
        <button type="submit" class="primary wide" disabled={busy}>
          {busy ? t('working') : t(mode === 'login' ? 'login' : 'activate')}
        </button>
      </form>
    </main>
  );
}
