/** My exams, and what one should know before starting one of them. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, NetworkError, type MyExam, type MyExams } from '../shared/api';
import { formatPoints, formatTime } from '../shared/clock';
import { t } from '../shared/i18n';
import { randomHex } from '../shared/queue';
import { sentenceOf } from './parts';
import { api, clock, go } from './state';

/** A timer's longest wait; longer ones would fire at once. */
const WAIT_MAX_MS = 24 * 3600 * 1000;
const QUEUE_MS = 3000;

function durationText(ms: number): string {
  return ms >= 60000 ? t('minutes', Math.round(ms / 60000)) : t('seconds', Math.round(ms / 1000));
}

function isRunning(exam: MyExam): boolean {
  return exam.session !== null && ['started', 'suspended'].includes(exam.session.state);
}

function Terms({ exam }: { exam: MyExam }) {
  const start = formatTime(exam.window_start_ms);
  const end = formatTime(exam.window_end_ms);
  return (
    <dl class="facts">
      <dt>{t('window')}</dt>
      <dd>
        <span class="nobr">{start}</span> {t('until')}{' '}
        <span class="nobr">{end.slice(0, 10) === start.slice(0, 10) ? end.slice(11) : end}</span>
      </dd>
      <dt>{t('duration')}</dt>
      <dd>{durationText(exam.duration_ms)}</dd>
      <dt>{t('paper')}</dt>
      <dd>
        {t('itemsPoints', exam.items, formatPoints(exam.points), formatPoints(exam.pass_mark))}
      </dd>
      <dt>{t('attempts')}</dt>
      <dd>{t('attemptsLeft', exam.attempts, exam.attempts_used)}</dd>
    </dl>
  );
}

function ExamCard({ exam }: { exam: MyExam }) {
  const stateText = { upcoming: t('upcoming'), open: t('openNow'), closed: t('closedNow') }[
    exam.state
  ];
  const running = isRunning(exam);
  const exempt = exam.exemption === 'exempt';
  const mayStart = !running && exam.state === 'open' && exam.next_attempt !== null && !exempt;
  return (
    <li class="card exam">
      <h2>{exam.name}</h2>
      <p class="badges">
        <span class={'badge ' + exam.state}>{stateText}</span>
        {exempt && <span class="badge">{t('exempt')}</span>}
        {exam.exemption === 'deferred' && <span class="badge">{t('deferred')}</span>}
        {exam.result !== null && (
          <span class={exam.result.passed ? 'badge good' : 'badge bad'}>
            {t('pointsEach', formatPoints(exam.result.points))}{' '}
            {exam.result.passed ? '✓ ' + t('passed') : '✗ ' + t('failed')}
          </span>
        )}
      </p>
      <Terms exam={exam} />
      <div class="actions">
        {running && exam.session !== null && (
          <a class="button primary" href={`#/session/${exam.session.session}`}>
            {t('goOn')}
          </a>
        )}
        {mayStart && (
          <a
            class={exam.result?.passed === true ? 'button' : 'button primary'}
            href={`#/exam/${exam.exam}`}
          >
            {exam.attempts_used === 0 ? t('enter') : t('retake')}
          </a>
        )}
        {!running && exam.session !== null && (
          <a class="button" href={`#/result/${exam.exam}/${exam.session.session}`}>
            {t('seeResult')}
          </a>
        )}
      </div>
    </li>
  );
}

function Instructions({ exam }: { exam: MyExam }) {
  const [busy, setBusy] = useState('');
  const [error, setError] = useState('');
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const nonce = useRef(randomHex(32));
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
    },
    [],
  );
  const attempt = exam.next_attempt;
  // A repeat with the same attempt returns the same paper, so that trying again is safe.
  const start = async (): Promise<void> => {
    if (attempt === null) return;
    setBusy(t('working'));
    setError('');
    try {
      const session = await api.start(exam.exam, attempt, nonce.current);
      go('session', session.session);
    } catch (e) {
      if (e instanceof ApiError && (e.status === 503 || e.status === 429)) {
        const wait = Math.max(e.before === null ? 1000 : 20, e.retryAfterMs || QUEUE_MS);
        const seconds = Math.ceil(wait / 1000);
        setBusy(e.before === null ? t('queueing', seconds) : t('inLine', e.before, seconds));
        timer.current = setTimeout(start, wait);
        return;
      }
      setError(e instanceof NetworkError ? t('networkDown') : sentenceOf(e));
      setBusy('');
    }
  };
  const running = isRunning(exam);
  return (
    <main class="card">
      <h1>{exam.name}</h1>
      <Terms exam={exam} />
      <h2>{t('instructions')}</h2>
      <ol class="rules">
        <li>{t('rule1')}</li>
        <li>{t('rule2')}</li>
        <li>{t('rule3')}</li>
        <li>{t('rule4')}</li>
        <li>{t('rule5')}</li>
      </ol>
      {error !== '' && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      {busy !== '' && <p role="status">{busy}</p>}
      <div class="actions">
        {running && exam.session !== null ? (
          <a class="button primary" href={`#/session/${exam.session.session}`}>
            {t('goOn')}
          </a>
        ) : (
          <button
            type="button"
            class="primary"
            disabled={busy !== '' || attempt === null || exam.state !== 'open'}
            onClick={start}
          >
            {t('startExam')}
          </button>
        )}
        <a class="button" href="#/exams">
          {t('back')}
        </a>
      </div>
    </main>
  );
}

/** When the next of the windows opens or closes, if that is near enough to wait for. */
function untilChangeMs(exams: MyExam[], now: number): number | null {
  const ahead = exams
    .map((exam) => (exam.state === 'upcoming' ? exam.window_start_ms : exam.window_end_ms) - now)
    .filter((ms) => ms > 0 && ms < WAIT_MAX_MS);
  return ahead.length === 0 ? null : Math.min.apply(null, ahead);
}

/** The list of my exams, or the instructions of one of them. */
export function ExamsPage({ exam }: { exam?: string | undefined }) {
  const [mine, setMine] = useState<MyExams | null>(null);
  const [error, setError] = useState('');
  const load = (): void => {
    api.myExams().then(
      (exams) => {
        setError('');
        setMine(exams);
      },
      (e: unknown) => setError(sentenceOf(e)),
    );
  };
  useEffect(() => {
    load();
    const look = (): void => {
      if (document.visibilityState === 'visible') load();
    };
    addEventListener('online', look);
    document.addEventListener('visibilitychange', look);
    return () => {
      removeEventListener('online', look);
      document.removeEventListener('visibilitychange', look);
    };
  }, []);
  useEffect(() => {
    const wait = mine === null ? null : untilChangeMs(mine.exams, clock.now());
    const timer = wait === null ? null : setTimeout(load, wait + 500);
    return () => {
      if (timer !== null) clearTimeout(timer);
    };
  }, [mine]);
  if (error !== '')
    return (
      <main class="card narrow">
        <h1>{t('myExams')}</h1>
        <p class="error" role="alert">
          {error}
        </p>
        <div class="actions">
          <button type="button" class="primary" onClick={load}>
            {t('reload')}
          </button>
        </div>
      </main>
    );
  if (mine === null)
    return (
      <main class="card narrow" aria-busy="true">
        <p role="status">{t('working')}</p>
      </main>
    );
  if (exam !== undefined) {
    const chosen = mine.exams.find((each) => each.exam === exam);
    if (chosen !== undefined) return <Instructions exam={chosen} />;
    return (
      <main class="card narrow">
        <h1>{t('notFoundTitle')}</h1>
        <p>{t('notMyExam')}</p>
        <div class="actions">
          <a class="button primary" href="#/exams">
            {t('myExams')}
          </a>
        </div>
      </main>
    );
  }
  return (
    <main>
      <h1>{t('myExams')}</h1>
      {mine.exams.length === 0 && <p class="card">{t('noExams')}</p>}
      <ul class="list">
        {mine.exams.map((each) => (
          <ExamCard key={each.exam} exam={each} />
        ))}
      </ul>
      <p class="card">
        {t('hearings', mine.hearings.year)}
        <strong>{t('hearingsCount', mine.hearings.attended)}</strong>
      </p>
    </main>
  );
}
