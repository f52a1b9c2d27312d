import { useEffect, useState } from 'preact/hooks';
import type { Coverage, Result, ReviewItem } from '../shared/api';
import { formatPoints, formatShare, formatTime } from '../shared/clock';
import { t } from '../shared/i18n';
import { sentenceOf } from './parts';
import { isChosen } from './session';
import { api, farewell, me } from './state';

function UnitCoverage({ coverage }: { coverage: Coverage }) {
  const row = coverage.rows[0];
  if (row === undefined) return null;
  const c = row.total;
  // What is rare is named only where it occurs; 应考 is the sum of what is shown either way.
  const rare: [string, number][] = [
    [t('pendingCount'), c.pending],
    [t('deferredCount'), c.deferred],
    [t('exemptCount'), c.exempted],
  ];
  const cells: [string, string][] = [
    [t('expected'), String(c.expected)],
    [t('sat'), String(c.sat)],
    [t('passedCount'), String(c.passed)],
    ...rare
      .filter(([, count]) => count > 0)
      .map(([name, count]): [string, string] => [name, String(count)]),
    [coverage.closed ? t('missingClosed') : t('missing'), String(c.missing)],
    [t('participation'), formatShare(c.participation)],
    [t('passRate'), formatShare(c.pass_rate)],
    [t('coverage'), formatShare(c.coverage)],
    [t('integrated'), formatShare(c.integrated_coverage)],
  ];
  return (
    <section class="card">
      <h2>{t('unitCoverage', row.name)}</h2>
      <dl class="grid">
        {cells.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="quiet">{coverage.formula}</p>
    </section>
  );
}

/** Score, band, receipt, and what it did for my unit. */
export function ResultPage({ exam, id }: { exam: string; id: string }) {
  const [result, setResult] = useState<Result | null>(null);
  const [coverage, setCoverage] = useState<Coverage | null>(null);
  const [error, setError] = useState('');
  const load = (): void => {
    setError('');
    api.result(id).then(setResult, (e: unknown) => setError(sentenceOf(e)));
    const unit = me.value?.unit;
    if (unit !== undefined) api.coverage(exam, unit).then(setCoverage, () => setCoverage(null));
  };
  useEffect(() => {
    load();
    return () => {
      farewell.value = '';
    };
  }, [id]);
  if (error !== '')
    return (
      <main class="card narrow">
        <h1>{t('result')}</h1>
        <p class="error" role="alert">
          {error}
        </p>
        <div class="actions">
          <button type="button" class="primary" onClick={load}>
            {t('reload')}
          </button>
          <a class="button" href="#/exams">
            {t('myExams')}
          </a>
        </div>
      </main>
    );
  if (result === null)
    return (
      <main class="card narrow" aria-busy="true">
        <p role="status">{t('working')}</p>
      </main>
    );
  const score = result.score;
  const voided = result.state === 'voided';
  return (
    <main>
      {farewell.value !== '' && (
        <p class="notice" role="alert">
          {farewell.value}
        </p>
      )}
      <section class="card result">
        <h1>{t('result')}</h1>
        {voided ? (
          <p class="notice">{t('voided')}</p>
        ) : score === null ? (
          <>
            <p role="status">{t('notGraded')}</p>
            <button type="button" onClick={load}>
              {t('reload')}
            </button>
          </>
        ) : (
          <>
            <p class="points">
              <span class="number">{formatPoints(score.points)}</span>
              <span>{t('pointsUnit')}</span>{' '}
              <span class="quiet">{t('outOf', formatPoints(score.points_max))}</span>
            </p>
            <p class="badges">
              <span class={score.passed ? 'badge good' : 'badge bad'}>
                {score.passed ? '✓ ' + t('passed') : '✗ ' + t('failed')}
              </span>
              {score.band !== '' && score.passed && score.band !== t('passed') && (
                <span class="badge">{t('band', score.band)}</span>
              )}
            </p>
            {score.pending && <p class="notice">{t('pending')}</p>}
          </>
        )}
        <p class="quiet">
          {t(
            result.state === 'timed_out' ? 'closedAt' : 'handedInAt',
            formatTime(result.closed_ms),
          )}
        </p>
        <details>
          <summary>{t('receipt')}</summary>
          <code class="head">{result.head}</code>
          <p class="quiet">{t('receiptHint')}</p>
        </details>
        <div class="actions">
          <a class="button" href={`#/review/${id}`}>
            {t('review')}
          </a>
          <a class="button" href="#/exams">
            {t('myExams')}
          </a>
        </div>
      </section>
      {coverage !== null && <UnitCoverage coverage={coverage} />}
    </main>
  );
}

function answerText(item: ReviewItem, value: ReviewItem['answer'] | null): string {
  if (value === null) return t('none');
  if (Array.isArray(value)) return value.join(' / ');
  const options = item.type === 'true_false' ? [t('right'), t('wrong')] : item.options;
  return options
    .map((text, i) =>
      isChosen(item, value, i)
        ? item.type === 'true_false'
          ? text
          : 'ABCDEFGH'[i] + '. ' + text
        : '',
    )
    .filter((text) => text !== '')
    .join('；');
}

/** 《…》第…条 as people write it: without the digest of the article's text, which is for checking. */
export function citationText(citation: string): string {
  return citation.replace(/@[0-9a-f]+$/, '');
}

/** Answer keys and explanations, once the policy allows. */
export function ReviewPage({ id }: { id: string }) {
  const [items, setItems] = useState<ReviewItem[] | null>(null);
  const [error, setError] = useState('');
  useEffect(() => {
    api.review(id).then(
      (review) => setItems(review.items),
      (e: unknown) => setError(sentenceOf(e)),
    );
  }, [id]);
  return (
    <main>
      <h1>{t('reviewTitle')}</h1>
      {error !== '' && (
        <p class="notice" role="alert">
          {error}
        </p>
      )}
      {error === '' && items === null && <p role="status">{t('working')}</p>}
      {(items ?? []).map((item, i) => (
        <section key={i} class="card review">
          <h2>
            {i + 1}. {item.stem}
          </h2>
          <p class={item.award === item.points ? 'good-text' : 'bad-text'}>
            {item.award === item.points ? '✓ ' : '✗ '}
            {t('award', formatPoints(item.award))}
          </p>
          <p>
            {t('myAnswer')}：
            {typeof item.value === 'string' ? item.value : answerText(item, item.value)}
          </p>
          <p>
            {t('correctAnswer')}：{answerText(item, item.answer)}
          </p>
          <p>
            {t('explanation')}：{item.explanation}
          </p>
          <p class="quiet">
            {t('basis')}：{item.citations.map(citationText).join('；')}
          </p>
        </section>
      ))}
      <a class="button" href="#/exams">
        {t('back')}
      </a>
    </main>
  );
}
