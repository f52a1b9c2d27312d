import { useEffect, useState } from 'preact/hooks';
import type { MyExam, MyExams } from '../shared/api';
import { formatPoints, formatTime } from '../shared/clock';
import { t } from '../shared/i18n';
import { randomHex } from '../shared/queue';
import { sentenceOf } from './app';
import { api, go } from './state';

function durationText(ms: number): string {
  return ms >= 60000 ? t('minutes', Math.round(ms / 60000)) : t('seconds', Math.round(ms / 1000));
}

function isRunning(exam: MyExam): boolean {
  return exam.session !== null && ['started', 'suspended'].includes(exam.session.state);
}

function ExamCard({ exam }: { exam: MyExam }) {
  const stateText = { upcoming: t('upcoming'), open: t('openNow'), closed: t('closedNow') }[
    exam.state
  ];
  const running = isRunning(exam);
  return (
    <li class="card exam">
      <h2>{exam.name}</h2>
      <p>
        <span class={'badge ' + exam.state}>{stateText}</span>
        {exam.exemption === 'exempt' && <span class="badge">{t('exempt')}</span>}
        {exam.exemption === 'deferred' && <span class="badge">{t('deferred')}</span>}
        {exam.result !== null && (
          <span class={exam.result.passed ? 'badge good' : 'badge bad'}>
            {formatPoints(exam.result.points)}　{exam.result.passed ? t('passed') : t('failed')}
          </span>
        )}
      </p>
      <dl class="facts">
        <dt>{t('window')}</dt>
        <dd>
          {formatTime(exam.window_start_ms)} — {formatTime(exam.window_end_ms)}
        </dd>
        <dt>{t('duration')}</dt>
        <dd>
          {durationText(exam.duration_ms)}；
          {t('itemsPoints', exam.items, formatPoints(exam.points), formatPoints(exam.pass_mark))}
        </dd>
      </dl>
      <p class="quiet">{t('attemptsLeft', exam.attempts, exam.attempts_used)}</p>
      <div class="actions">
        {running && exam.session !== null && (
          <a class="button primary" href={`#/session/${exam.session.session}`}>
            {t('goOn')}
          </a>
        )}
        {!running && exam.state === 'open' && exam.next_attempt !== null && (
          <a class="button primary" href={`#/exam/${exam.exam}`}>
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
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const start = async (): Promise<void> => {
    if (exam.next_attempt === null) return;
    setBusy(true);
    setError('');
    try {
      const session = await api.start(exam.exam, exam.next_attempt, randomHex(32));
      go('session', session.session);
    } catch (e) {
      setError(sentenceOf(e));
      setBusy(false);
    }
  };
  return (
    <main class="card">
      <h1>{exam.name}</h1>
      <h2>{t('instructions')}</h2>
      <p>
        {durationText(exam.duration_ms)}；
        {t('itemsPoints', exam.items, formatPoints(exam.points), formatPoints(exam.pass_mark))}
      </p>
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
      <div class="actions">
        <button
          type="button"
          class="primary"
          disabled={busy || exam.next_attempt === null}
          onClick={start}
        >
          {busy ? t('working') : t('startExam')}
        </button>
        <a class="button" href="#/exams">
          {t('back')}
        </a>
      </div>
    </main>
  );
}

/** The list of my exams, or the instructions of one of them. */
export function ExamsPage({ exam }: { exam?: string | undefined }) {
  const [mine, setMine] = useState<MyExams | null>(null);
  const [error, setError] = useState('');
  const load = (): void => {
    setError('');
    api.myExams().then(setMine, (e: unknown) => setError(sentenceOf(e)));
  };
  useEffect(load, []);
  if (error !== '')
    return (
      <main class="card">
        <p class="error" role="alert">
          {error}
        </p>
        <button type="button" onClick={load}>
          {t('reload')}
        </button>
      </main>
    );
  if (mine === null)
    return (
      <main class="card" aria-busy="true">
        {t('working')}
      </main>
    );
  const chosen = mine.exams.find((each) => each.exam === exam);
  if (chosen !== undefined) return <Instructions exam={chosen} />;
  return (
    <main>
      <h1>{t('myExams')}</h1>
      {mine.exams.length === 0 && <p class="card">{t('noExams')}</p>}
      <ul class="list">
        {mine.exams.map((each) => (
          <ExamCard key={each.exam} exam={each} />
        ))}
      </ul>
      <p class="card quiet">
        {t('hearings')}（{mine.hearings.year}）：{t('hearingsCount', mine.hearings.attended)}
      </p>
    </main>
  );
}
