import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ApiError, type PaperItem, type Value } from '../shared/api';
import { formatCountdown, formatPoints } from '../shared/clock';
import { t } from '../shared/i18n';
import { sentenceOf, Tools } from './parts';
import { Sitting } from './sitting';
import { api, clock, farewell, goInstead } from './state';

const LETTERS = 'ABCDEFGH';
const URGENT_MS = 5 * 60 * 1000;
const TYPING_MS = 600;

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

/** A text that is saved as it is typed: at a pause, on leaving the field, never amid an input
 * method's composition. */
function FillIn({ sitting, index }: { sitting: Sitting; index: number }) {
  const stored = sitting.values.value[index] ?? null;
  const [text, setText] = useState(typeof stored === 'string' ? stored : '');
  const composing = useRef(false);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const latest = useRef(text);
  const save = (): void => {
    if (timer.current !== null) clearTimeout(timer.current);
    timer.current = null;
    const trimmed = latest.current.trim();
    sitting.choose(index, trimmed === '' ? null : trimmed);
  };
  const soon = (): void => {
    if (timer.current !== null) clearTimeout(timer.current);
    timer.current = setTimeout(save, TYPING_MS);
  };
  useEffect(() => () => (timer.current !== null ? save() : undefined), []);
  // What the server holds, or 清除本题, changes the field; typing is not overwritten.
  useEffect(() => {
    const shown = typeof stored === 'string' ? stored : '';
    if (timer.current !== null || composing.current || latest.current.trim() === shown) return;
    latest.current = shown;
    setText(shown);
  }, [stored]);
  return (
    <label class="field">
      {t('yourAnswer')}
      <input
        type="text"
        autocomplete="off"
        maxLength={80}
        value={text}
        disabled={sitting.locked.value}
        onCompositionStart={() => (composing.current = true)}
        onCompositionEnd={() => {
          composing.current = false;
          soon();
        }}
        onInput={(e) => {
          latest.current = e.currentTarget.value;
          setText(latest.current);
          if (!composing.current) soon();
        }}
        onBlur={() => {
          composing.current = false;
          save();
        }}
      />
      <small>{t('fillHint')}</small>
    </label>
  );
}

function Question({ sitting, index, item }: { sitting: Sitting; index: number; item: PaperItem }) {
  const value = sitting.values.value[index] ?? null;
  const heading = useRef<HTMLHeadingElement>(null);
  const first = useRef(true);
  useLayoutEffect(() => {
    if (!first.current) heading.current?.focus();
    first.current = false;
  }, [index]);
  const name = 'item-' + String(index);
  const state = value === null ? 'unanswered' : sitting.isUnsent(index) ? 'unsent' : 'stored';
  return (
    <section class="question card" id="question">
      <h1 ref={heading} tabIndex={-1}>
        <span class="quiet">
          {[
            t('questionOf', index + 1, sitting.values.value.length),
            t(item.type),
            t('pointsEach', formatPoints(item.points)),
          ].join('　')}
        </span>
        <span class="stem">{item.stem}</span>
      </h1>
      {item.type === 'fill_in' ? (
        <FillIn key={index} sitting={sitting} index={index} />
      ) : (
        <fieldset disabled={sitting.locked.value}>
          <legend class={item.type === 'multiple' ? 'quiet' : 'sr'}>
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
              {item.type !== 'true_false' && <span class="letter">{LETTERS[i]}</span>}
              <span>{text}</span>
            </label>
          ))}
        </fieldset>
      )}
      <p class={sitting.connected.value ? 'state' : 'state away'} data-state={state}>
        <span role="status">
          {state === 'unanswered'
            ? t('unanswered')
            : state === 'unsent'
              ? t(sitting.connected.value ? 'sending' : 'unsent')
              : '✓ ' + t('stored')}
        </span>
        {value !== null && !sitting.locked.value && (
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

/** Keeps the focus among the controls of a dialog, from its first picture on, and gives it back
 * afterwards. */
function useTrap(close: () => void) {
  const panel = useRef<HTMLDivElement>(null);
  const closeNow = useRef(close);
  closeNow.current = close;
  useLayoutEffect(() => {
    const before = document.activeElement;
    panel.current?.querySelector<HTMLElement>('[tabindex="-1"]')?.focus();
    const onKey = (e: KeyboardEvent): void => {
      if (e.key === 'Escape') closeNow.current();
      if (e.key !== 'Tab' || panel.current === null) return;
      const all = panel.current.querySelectorAll<HTMLElement>('button:not([disabled]), a[href]');
      const first = all[0];
      const last = all[all.length - 1];
      if (first === undefined || last === undefined) return;
      const inside = panel.current.contains(document.activeElement);
      const atStart =
        document.activeElement === first ||
        document.activeElement?.getAttribute('tabindex') === '-1';
      if (e.shiftKey && (atStart || !inside)) {
        e.preventDefault();
        last.focus();
      } else if (!e.shiftKey && (document.activeElement === last || !inside)) {
        e.preventDefault();
        first.focus();
      }
    };
    addEventListener('keydown', onKey);
    return () => {
      removeEventListener('keydown', onKey);
      if (before instanceof HTMLElement && document.contains(before)) before.focus();
    };
  }, []);
  return panel;
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
  const panel = useTrap(() => !busy && close());
  const values = sitting.values.value;
  const missing = values.map((v, i) => (v === null ? i : -1)).filter((i) => i >= 0);
  const marked = sitting.marks.value.map((m, i) => (m ? i : -1)).filter((i) => i >= 0);
  const numbers = (list: number[]) => (
    <ul class="numbers">
      {list.map((i) => (
        <li key={i}>
          <button
            type="button"
            disabled={busy}
            aria-label={t('toQuestion', i + 1)}
            onClick={() => choose(i)}
          >
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
      setError(e instanceof ApiError && e.status < 500 ? e.message : t('handInFailed'));
    });
  };
  return (
    <div class="over">
      <div
        ref={panel}
        class="card panel"
        role="dialog"
        aria-modal="true"
        aria-labelledby="confirm-title"
      >
        <h2 id="confirm-title" tabIndex={-1}>
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
  const unsent = sitting.unsent.value;
  let text = '';
  let kind = 'calm';
  if (sitting.state.value === 'suspended') [text, kind] = [t('suspended'), 'warn'];
  else if (sitting.timeIsUp.value && unsent > 0) [text, kind] = [t('timeUpUnsent', unsent), 'bad'];
  else if (sitting.late.value) [text, kind] = [t('late'), 'warn'];
  else if (sitting.timeIsUp.value) [text, kind] = [t('timeUp'), 'warn'];
  else if (!sitting.connected.value)
    [text, kind] = [unsent > 0 ? t('offline', unsent) : t('offlineNone'), 'bad'];
  else if (unsent > 0) text = t('sendingSome', unsent);
  else if (sitting.values.value.some((v) => v !== null)) text = t('allStored');
  else text = t('nothingYet');
  const refusal = sitting.refusal.value;
  return (
    <>
      <p class={'banner ' + kind} role={kind === 'calm' ? undefined : 'status'} id="banner">
        {text}
      </p>
      {refusal !== null && (
        <p class="error" role="alert">
          {t('refusedItems', refusal.items.map((i) => i + 1).join('、'))}
          {refusal.text}
        </p>
      )}
    </>
  );
}

/** What officers did to this sitting: the newest in the open, the earlier ones folded. */
function Notices({ sitting }: { sitting: Sitting }) {
  const all = sitting.notices.value;
  const newest = all[all.length - 1];
  if (newest === undefined) return null;
  return (
    <div class="banner warn" role="status">
      {newest}
      {all.length > 1 && (
        <details>
          <summary>{t('earlierNotices', all.length - 1)}</summary>
          <ul>
            {all.slice(0, -1).map((notice, i) => (
              <li key={i}>{notice}</li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

/** The time that is left, by the server's clock; said aloud a few times only. */
function Timer({ sitting }: { sitting: Sitting }) {
  const left = sitting.deadlineMs.value - sitting.now.value;
  const spoken = [30, 15, 5, 1].filter((minutes) => left <= minutes * 60000).pop();
  return (
    <>
      <span class={left < URGENT_MS ? 'timer urgent' : 'timer'} role="timer">
        {t('remaining')} <b>{formatCountdown(left)}</b>
      </span>
      <span class="sr" role="status">
        {spoken !== undefined && left > 0 ? t('minutesLeft', spoken) : ''}
      </span>
    </>
  );
}

/** The paper is open on another device: what this one still held is stored; nothing is chosen here. */
function Displaced({ sitting }: { sitting: Sitting }) {
  return (
    <main class="card narrow" id="displaced">
      <h1>{t('displacedTitle')}</h1>
      <p>{t('displacedText')}</p>
      {sitting.unsent.value > 0 && <p class="notice">{t('someUnsent', sitting.unsent.value)}</p>}
      <div class="actions">
        <button type="button" class="primary" onClick={() => sitting.takeOver()}>
          {t('continueHere')}
        </button>
        <a class="button" href="#/exams">
          {t('myExams')}
        </a>
      </div>
    </main>
  );
}

/** The exam itself. */
export function SessionPage({ id }: { id: string }) {
  const sitting = useMemo(() => new Sitting(id, api, clock), [id]);
  const [at, setAt] = useState(Number(sessionStorage.getItem('mingfa.at.' + id) ?? '0'));
  const [sheetOpen, setSheetOpen] = useState(false);
  const [confirming, setConfirming] = useState(false);
  const side = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (sheetOpen) side.current?.scrollIntoView();
  }, [sheetOpen]);
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
    if (to === at) document.querySelector<HTMLElement>('#question h1')?.focus();
  };
  const item = session?.paper.items[Math.min(at, count - 1)];
  const done = sitting.closed.value;
  useEffect(() => {
    if (!done || session === null) return;
    const refusal = sitting.refusal.value;
    farewell.value = refusal === null ? '' : t('refusedAtEnd', refusal.items.length) + refusal.text;
    goInstead('result', session.exam, id);
  }, [done, session]);
  // Together with the picture: a key pressed as soon as an item is seen is for that item.
  useLayoutEffect(() => {
    const onKey = (e: KeyboardEvent): void => {
      const target = e.target as HTMLElement;
      const typing =
        target instanceof HTMLSelectElement ||
        (target instanceof HTMLInputElement && target.type === 'text');
      if (typing || confirming || e.ctrlKey || e.metaKey || e.altKey || item === undefined) return;
      if (sitting.displaced.value) return;
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
      <main class="card narrow" aria-busy={sitting.error.value === null}>
        {sitting.error.value === null ? (
          <p role="status">{t('working')}</p>
        ) : (
          <>
            <h1>{t('cannotOpen')}</h1>
            <p class="error" role="alert">
              {sentenceOf(sitting.error.value)}
            </p>
            <div class="actions">
              <button type="button" class="primary" onClick={() => location.reload()}>
                {t('reload')}
              </button>
              <a class="button" href="#/exams">
                {t('myExams')}
              </a>
            </div>
          </>
        )}
      </main>
    );
  if (sitting.displaced.value) return <Displaced sitting={sitting} />;
  return (
    <main class="exam-page">
      <a
        class="skip"
        href="#question"
        onClick={(e) => {
          e.preventDefault();
          document.querySelector<HTMLElement>('#question h1')?.focus();
        }}
      >
        {t('skip')}
      </a>
      <strong class="exam-name">{session.exam_name}</strong>
      <div class="bar">
        <div class="bar-row">
          <Timer sitting={sitting} />
          <button type="button" class="primary" onClick={() => setConfirming(true)}>
            {t('handIn')}
          </button>
        </div>
        <Banner sitting={sitting} />
      </div>
      <Notices sitting={sitting} />
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
            {sheetOpen ? t('closeSheet') : t('sheet')}{' '}
            {t('answeredOf', sitting.values.value.filter((v) => v !== null).length, count)}
          </button>
          <p class="quiet keys">{t('keys')}</p>
        </div>
        <div class={sheetOpen ? 'side open' : 'side'} ref={side}>
          <Sheet sitting={sitting} at={at} choose={move} />
        </div>
      </div>
      <Tools />
      {confirming && <Confirm sitting={sitting} close={() => setConfirming(false)} choose={move} />}
    </main>
  );
}
