import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { PaperItem, Value } from '../shared/api';
import { formatCountdown, formatPoints } from '../shared/clock';
import { t } from '../shared/i18n';
import { sentenceOf } from './app';
import { Sitting } from './sitting';
import { api, clock, go } from './state';

const LETTERS = 'ABCDEFGH';
const URGENT_MS = 5 * 60 * 1000;

function optionsOf(item: PaperItem): string[] {
  return item.type === 'true_false' ? [t('right'), t('wrong')] : item.options;
}
/** The value that choosing option i of the item leads to. */
export function valueAfter(item: PaperItem, now: Value, i: number): Value {
  if (item.type === 'true_false') return i === 0 ? 1 : 0;
  if (item.type === 'single') return 1 << i;
  const mask = (typeof now === 'number' ? now : 0) ^ (1 << i);
  return mask === 0 ? null : mask;
}
export function isChosen(item: PaperItem, value: Value, i: number): boolean {
  if (typeof value !== 'number') return false;
  if (item.type === 'true_false') return value === (i === 0 ? 1 : 0);
  return (value & (1 << i)) !== 0;
}

function Question({ sitting, index, item }: { sitting: Sitting; index: number; item: PaperItem }) {
  const value = sitting.values.value[index] ?? null;
  const heading = useRef<HTMLHeadingElement>(null);
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) heading.current?.focus();
    first.current = false;
  }, [index]);
  const name = 'item-' + String(index);
  return (
    <section class="question card" id="question">
      <h1 ref={heading} tabIndex={-1}>
        <span class="quiet">
          {t('questionOf', index + 1, sitting.values.value.length)}　{t(item.type)}　
          {t('pointsEach', formatPoints(item.points))}
        </span>
        <span class="stem">{item.stem}</span>
      </h1>
      {item.type === 'fill_in' ? (
        <label class="field">
          {t('yourAnswer')}
          <input
            value={typeof value === 'string' ? value : ''}
            maxLength={80}
            onChange={(e) => {
              const text = e.currentTarget.value.trim();
              sitting.choose(index, text === '' ? null : text);
            }}
          />
        </label>
      ) : (
        <fieldset>
          <legend class="quiet">
            {item.type === 'multiple' ? t('multipleHint') : t(item.type)}
          </legend>
          {optionsOf(item).map((text, i) => (
            <label key={i} class={isChosen(item, value, i) ? 'option chosen' : 'option'}>
              <input
                type={item.type === 'multiple' ? 'checkbox' : 'radio'}
                name={name}
                checked={isChosen(item, value, i)}
                onChange={() => sitting.choose(index, valueAfter(item, value, i))}
              />
              <span class="letter">{item.type === 'true_false' ? '' : LETTERS[i]}</span>
              <span>{text}</span>
            </label>
          ))}
        </fieldset>
      )}
      <p
        class="state"
        data-state={value === null ? 'unanswered' : sitting.isUnsent(index) ? 'unsent' : 'stored'}
      >
        {value === null
          ? t('unanswered')
          : sitting.isUnsent(index)
            ? t(sitting.connected.value ? 'sending' : 'unsent')
            : '✓ ' + t('stored')}
        {value !== null && (
          <button type="button" class="plain" onClick={() => sitting.choose(index, null)}>
            {t('clear')}
          </button>
        )}
      </p>
    </section>
  );
}

function Sheet({
  sitting,
  at,
  choose,
}: {
  sitting: Sitting;
  at: number;
  choose: (i: number) => void;
}) {
  const items = sitting.session.value?.paper.items ?? [];
  const groups: { type: PaperItem['type']; from: number; to: number }[] = [];
  items.forEach((item, i) => {
    const last = groups[groups.length - 1];
    if (last !== undefined && last.type === item.type) last.to = i + 1;
    else groups.push({ type: item.type, from: i, to: i + 1 });
  });
  const cell = (i: number) => {
    const answered = (sitting.values.value[i] ?? null) !== null;
    const unsent = sitting.isUnsent(i);
    const marked = sitting.marks.value[i] === true;
    const word = unsent ? t('unsent') : answered ? t('stored') : t('unanswered');
    return (
      <li key={i}>
        <button
          type="button"
          class={[
            'cell',
            answered ? 'answered' : '',
            unsent ? 'unsent' : '',
            marked ? 'marked' : '',
          ].join(' ')}
          aria-current={i === at ? 'true' : undefined}
          aria-label={`${i + 1}，${word}${marked ? '，' + t('marked') : ''}`}
          onClick={() => choose(i)}
        >
          {i + 1}
          <small aria-hidden="true">
            {unsent ? '…' : answered ? '✓' : ''}
            {marked ? '⚑' : ''}
          </small>
        </button>
      </li>
    );
  };
  return (
    <nav class="sheet card" aria-label={t('sheet')}>
      {groups.map((group) => (
        <div key={group.from}>
          <h2>{t(group.type)}</h2>
          <ol class="cells">
            {items.slice(group.from, group.to).map((_item, k) => cell(group.from + k))}
          </ol>
        </div>
      ))}
      <p class="quiet legend">
        ✓ {t('stored')}　… {t('unsent')}　⚑ {t('marked')}
      </p>
    </nav>
  );
}

function Confirm({
  sitting,
  close,
  choose,
}: {
  sitting: Sitting;
  close: () => void;
  choose: (i: number) => void;
}) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const first = useRef<HTMLHeadingElement>(null);
  useEffect(() => first.current?.focus(), []);
  const values = sitting.values.value;
  const missing = values.map((v, i) => (v === null ? i : -1)).filter((i) => i >= 0);
  const marked = sitting.marks.value.map((m, i) => (m ? i : -1)).filter((i) => i >= 0);
  const numbers = (list: number[]) => (
    <ul class="numbers">
      {list.map((i) => (
        <li key={i}>
          <button type="button" onClick={() => choose(i)}>
            {i + 1}
          </button>
        </li>
      ))}
    </ul>
  );
  const handIn = (): void => {
    setBusy(true);
    setError('');
    sitting.handIn().catch((e: unknown) => {
      setBusy(false);
      setError(e instanceof Error && e.name !== 'Error' ? sentenceOf(e) : t('handInFailed'));
    });
  };
  return (
    <div class="over" onKeyDown={(e) => e.key === 'Escape' && close()}>
      <div class="card panel" role="dialog" aria-modal="true" aria-labelledby="confirm-title">
        <h2 id="confirm-title" ref={first} tabIndex={-1}>
          {t('confirmTitle')}
        </h2>
        {missing.length === 0 ? (
          <p>{t('confirmAll', values.length)}</p>
        ) : (
          <div class="warning">
            <p>{t('confirmMissing', missing.length)}</p>
            {numbers(missing)}
          </div>
        )}
        {marked.length > 0 && (
          <div>
            <p>{t('confirmMarked', marked.length)}</p>
            {numbers(marked)}
          </div>
        )}
        {sitting.unsent.value > 0 && <p>{t('confirmUnsent', sitting.unsent.value)}</p>}
        <p>
          <strong>{t('confirmWarning')}</strong>
        </p>
        {error !== '' && (
          <p class="error" role="alert">
            {error}
          </p>
        )}
        <div class="actions">
          <button type="button" onClick={close} disabled={busy}>
            {t('confirmNo')}
          </button>
          <button type="button" class="primary" disabled={busy} onClick={handIn}>
            {busy ? t('handingIn') : t('confirmYes')}
          </button>
        </div>
      </div>
    </div>
  );
}

function Banner({ sitting }: { sitting: Sitting }) {
  let text = '';
  let kind = 'calm';
  if (sitting.state.value === 'suspended') [text, kind] = [t('suspended'), 'warn'];
  else if (sitting.late.value) [text, kind] = [t('late'), 'warn'];
  else if (sitting.now.value > sitting.deadlineMs.value) [text, kind] = [t('timeUp'), 'warn'];
  else if (!sitting.connected.value) [text, kind] = [t('offline', sitting.unsent.value), 'bad'];
  else if (sitting.unsent.value > 0) text = t('someUnsent', sitting.unsent.value);
  else text = t('allStored');
  return (
    <p class={'banner ' + kind} role="status" id="banner">
      {text}
      {sitting.notices.value.map((notice) => (
        <span key={notice}>　{notice}</span>
      ))}
    </p>
  );
}

/** The exam itself. */
export function SessionPage({ id }: { id: string }) {
  const sitting = useMemo(() => new Sitting(id, api, clock), [id]);
  const [at, setAt] = useState(Number(sessionStorage.getItem('mingfa.at.' + id) ?? '0'));
  const [sheetOpen, setSheetOpen] = useState(false);
  const [confirming, setConfirming] = useState(false);
  useEffect(() => {
    sitting.begin();
    return () => sitting.end();
  }, [sitting]);
  const session = sitting.session.value;
  const count = session?.paper.items.length ?? 0;
  const move = (to: number): void => {
    if (to < 0 || to >= count) return;
    setAt(to);
    sessionStorage.setItem('mingfa.at.' + id, String(to));
    setSheetOpen(false);
    setConfirming(false);
  };
  const item = session?.paper.items[at];
  const done = sitting.closed.value;
  useEffect(() => {
    if (done && session !== null) go('result', session.exam, id);
  }, [done, session]);
  useEffect(() => {
    const onKey = (e: KeyboardEvent): void => {
      const target = e.target as HTMLElement;
      const typing = target instanceof HTMLInputElement && target.type === 'text';
      if (typing || confirming || e.ctrlKey || e.metaKey || e.altKey || item === undefined) return;
      const inRadio = target instanceof HTMLInputElement && target.type === 'radio';
      const letter = LETTERS.indexOf(e.key.toUpperCase());
      if (e.key === 'ArrowRight' && !inRadio) move(at + 1);
      else if (e.key === 'ArrowLeft' && !inRadio) move(at - 1);
      else if (e.key.toUpperCase() === 'M') sitting.toggleMark(at);
      else if (
        letter >= 0 &&
        e.key.length === 1 &&
        letter < optionsOf(item).length &&
        item.type !== 'fill_in'
      )
        sitting.choose(at, valueAfter(item, sitting.values.value[at] ?? null, letter));
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });
  if (session === null || item === undefined)
    return (
      <main class="card" aria-busy={sitting.error.value === null}>
        {sitting.error.value === null ? (
          t('working')
        ) : (
          <>
            <p class="error" role="alert">
              {sentenceOf(sitting.error.value)}
            </p>
            <button type="button" onClick={() => location.reload()}>
              {t('reload')}
            </button>
            <a class="button" href="#/exams">
              {t('back')}
            </a>
          </>
        )}
      </main>
    );
  const left = sitting.deadlineMs.value - sitting.now.value;
  return (
    <main class="exam-page">
      <a
        class="skip"
        href="#question"
        onClick={(e) => {
          e.preventDefault();
          document.getElementById('question')?.querySelector('h1')?.focus();
        }}
      >
        {t('skip')}
      </a>
      <div class="bar">
        <strong class="exam-name">{session.exam_name}</strong>
        <span
          class={left < URGENT_MS ? 'timer urgent' : 'timer'}
          role="timer"
          aria-label={t('remaining')}
        >
          {t('remaining')} {formatCountdown(left)}
        </span>
        <button type="button" class="primary" onClick={() => setConfirming(true)}>
          {t('handIn')}
        </button>
      </div>
      <Banner sitting={sitting} />
      <div class="columns">
        <div>
          <Question sitting={sitting} index={at} item={item} />
          <div class="moves">
            <button type="button" disabled={at === 0} onClick={() => move(at - 1)}>
              {t('previous')}
            </button>
            <button
              type="button"
              aria-pressed={sitting.marks.value[at] === true}
              onClick={() => sitting.toggleMark(at)}
            >
              {sitting.marks.value[at] === true ? '⚑ ' + t('unmark') : t('mark')}
            </button>
            <button type="button" disabled={at === count - 1} onClick={() => move(at + 1)}>
              {t('next')}
            </button>
          </div>
          <button
            type="button"
            class="wide sheet-toggle"
            aria-expanded={sheetOpen}
            onClick={() => setSheetOpen(!sheetOpen)}
          >
            {sheetOpen ? t('closeSheet') : t('sheet')}（
            {sitting.values.value.filter((v) => v !== null).length}/{count}）
          </button>
          <p class="quiet keys">{t('keys')}</p>
        </div>
        <div class={sheetOpen ? 'side open' : 'side'}>
          <Sheet sitting={sitting} at={at} choose={move} />
        </div>
      </div>
      {sitting.error.value !== null && (
        <p class="error" role="alert">
          {sentenceOf(sitting.error.value)}
        </p>
      )}
      {confirming && <Confirm sitting={sitting} close={() => setConfirming(false)} choose={move} />}
    </main>
  );
}
