/** One sitting in this page: the paper, what is chosen, what the server holds, the clock.
 *
 * The server decides everything that counts. This class shows its last word and keeps sending
 * until it has spoken: load → open (epoch) → save … → hand in → result. Without a network it goes
 * on from what this device knows: the paper as it was loaded and the answers that were stored. */
import { computed, signal } from '@preact/signals';
import {
  ApiError,
  NetworkError,
  type Ack,
  type Api,
  type Session,
  type StoredResponse,
  type Value,
} from '../shared/api';
import type { ServerClock } from '../shared/clock';
import { deviceId, ResponseQueue, type QueueEntry } from '../shared/queue';

const HEARTBEAT_MS = 60000;
const TICK_MS = 250;
const RETRY_MS = 3000;
const CLOSED = ['submitted', 'timed_out', 'graded', 'voided'];

/** The server may answer another time: nothing answered, or it is busy or just starting. */
function passes(e: unknown): boolean {
  return !(e instanceof ApiError) || e.status >= 500 || e.status === 429;
}

export class Sitting {
  readonly session = signal<Session | null>(null);
  readonly values = signal<Value[]>([]);
  readonly marks = signal<boolean[]>([]);
  readonly unsent = signal(0);
  readonly connected = signal(true);
  readonly late = signal(false);
  readonly state = signal('started');
  readonly deadlineMs = signal(0);
  readonly notices = signal<string[]>([]);
  /** Why the paper cannot be shown. */
  readonly error = signal<unknown>(null);
  /** The server's sentence on answers that it refused, and which. */
  readonly refusal = signal<{ text: string; items: number[] } | null>(null);
  readonly displaced = signal(false);
  readonly closed = signal(false);
  readonly now = signal(0);
  readonly timeIsUp = computed(
    () => this.deadlineMs.value > 0 && this.now.value > this.deadlineMs.value,
  );
  /** Nothing can be chosen now: suspended, over, or open elsewhere. */
  readonly locked = computed(
    () => this.state.value !== 'started' || this.displaced.value || this.timeIsUp.value,
  );
  private queue: ResponseQueue;
  private isOpen = false;
  private opening: Promise<void> | null = null;
  private loading = false;
  private ended = false;
  private lastEvent = 0;
  private ticker: ReturnType<typeof setInterval> | null = null;
  private heart: ReturnType<typeof setTimeout> | null = null;
  private retry: ReturnType<typeof setTimeout> | null = null;
  private watching = false;

  constructor(
    readonly id: string,
    private readonly api: Api,
    private readonly clock: ServerClock,
  ) {
    this.queue = new ResponseQueue(
      id,
      { save: (epoch, responses) => api.save(id, epoch, responses) },
      {
        changed: () => this.refresh(),
        acknowledged: (ack, epoch) => this.acknowledged(ack, epoch),
        refused: (e, items) => this.refused(e, items),
        stale: () => this.open(true),
      },
    );
  }

  /** Loads the paper and what is stored; keeps trying while the network is away. */
  async begin(): Promise<void> {
    addEventListener('online', this.wake);
    addEventListener('offline', this.lost);
    document.addEventListener('visibilitychange', this.wake);
    this.ticker = setInterval(() => this.tick(), TICK_MS);
    const kept = await this.queue.load();
    if (!this.ended) await this.load(kept);
  }
  private async load(kept: QueueEntry[]): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    try {
      const session = await this.api.session(this.id);
      localStorage.setItem('mingfa.paper', JSON.stringify(session));
      this.error.value = null;
      this.connected.value = true;
      this.show(session, kept);
    } catch (e) {
      const known = this.cached();
      if (!passes(e) || known === null) this.error.value = e;
      else this.show(known, kept);
      this.connected.value = e instanceof ApiError;
      if (passes(e) && known === null) this.later(() => this.load(kept));
    } finally {
      this.loading = false;
    }
    if (this.session.value !== null && !this.ended) await this.open();
  }
  private later(work: () => void): void {
    if (this.retry !== null) clearTimeout(this.retry);
    if (!this.ended) this.retry = setTimeout(work, RETRY_MS);
  }
  /** The paper as this device loaded it, with the answers that were stored since. */
  private cached(): Session | null {
    const text = localStorage.getItem('mingfa.paper');
    if (text === null) return null;
    try {
      const session = JSON.parse(text) as Session;
      if (session.session !== this.id) return null;
      const stored = localStorage.getItem('mingfa.stored.' + this.id);
      if (stored === null) return session;
      const values = JSON.parse(stored) as Value[];
      return { ...session, responses: values.map((value, item) => ({ item, value })) };
    } catch {
      return null;
    }
  }
  private show(session: Session, kept: QueueEntry[]): void {
    const count = session.paper.items.length;
    const values: Value[] = new Array<Value>(count).fill(null);
    for (const r of session.responses) values[r.item] = r.value;
    for (const r of kept) values[r.item] = r.value;
    this.values.value = values;
    this.marks.value = this.keptMarks(count);
    this.deadlineMs.value = session.deadline_ms;
    this.state.value = session.state;
    if (!this.clock.known()) this.clock.set(session.server_time_ms, 0);
    this.now.value = this.clock.now();
    this.session.value = session;
    this.refresh();
  }
  /** Tells the server that this device has the paper open. */
  private open(renumber = false): Promise<void> {
    this.opening =
      this.opening ??
      this.openOnce(renumber).then(() => {
        this.opening = null;
      });
    return this.opening;
  }
  private async openOnce(renumber: boolean): Promise<void> {
    if (this.ended) return;
    try {
      const ack = await this.api.open(this.id, deviceId());
      this.queue.opened(ack.epoch, ack.next_seq ?? 1, renumber);
      this.isOpen = true;
      this.displaced.value = false;
      this.connected.value = true;
      this.merge(ack.responses ?? []);
      this.heard(ack);
      this.beat();
      this.queue.flush();
    } catch (e) {
      this.connected.value = e instanceof ApiError;
      if (passes(e)) this.later(() => this.open(renumber));
      else if (e instanceof ApiError && e.status !== 401) this.error.value = e;
    }
  }
  /** Goes on here after another device had opened the paper. */
  takeOver(): void {
    this.open();
  }
  /** What the server holds, except where this device has something newer on its way. */
  private merge(responses: StoredResponse[]): void {
    const values = this.values.value.map((value, i) => (this.queue.isUnsent(i) ? value : null));
    for (const r of responses) if (!this.queue.isUnsent(r.item)) values[r.item] = r.value;
    this.values.value = values;
    this.refresh();
  }
  private async reread(): Promise<void> {
    try {
      const session = await this.api.session(this.id);
      this.merge(session.responses);
    } catch {
      // the next acknowledgement or heartbeat comes back to it
    }
  }
  private readonly lost = (): void => {
    this.connected.value = false;
  };
  private readonly wake = (e: Event): void => {
    if (this.ended || (e.type !== 'online' && document.visibilityState !== 'visible')) return;
    if (this.session.value === null) this.beginAgain();
    else if (!this.isOpen) this.open();
    else {
      this.queue.wake();
      this.ask();
    }
  };
  private beginAgain(): void {
    if (this.error.value === null || passes(this.error.value))
      this.queue.load().then((kept) => this.load(kept));
  }
  private tick(): void {
    this.now.value = this.clock.now();
    if (this.session.value === null || this.closed.value || this.state.value === 'suspended')
      return;
    if (this.timeIsUp.value && !this.watching) {
      this.watching = true;
      this.queue.flush().then(() => this.watchClose());
    }
  }
  /** The server closes the session by itself after the grace; ask until it has. */
  private watchClose(): void {
    if (this.ended) return;
    if (!this.timeIsUp.value) {
      this.watching = false; // there is more time now
      return;
    }
    this.ask().then(() => {
      if (!this.ended) setTimeout(() => this.watchClose(), 2000);
    });
  }
  private ask(): Promise<void> {
    return this.api.heartbeat(this.id).then(
      (ack) => {
        const known = this.lastEvent;
        this.connected.value = true;
        this.heard(ack);
        if (known !== 0 && ack.seq !== known && !this.ended) return this.reread();
        return undefined;
      },
      (e: unknown) => {
        if (e instanceof NetworkError) this.connected.value = false;
      },
    );
  }
  private beat(): void {
    if (this.heart !== null) clearTimeout(this.heart);
    if (this.ended) return;
    this.heart = setTimeout(
      () => this.ask().then(() => this.beat()),
      HEARTBEAT_MS * (0.9 + 0.2 * Math.random()),
    );
  }
  private acknowledged(ack: Ack, epoch: number): void {
    if (ack.late) this.late.value = true;
    this.refusal.value = null;
    this.connected.value = true;
    this.heard(ack);
    // Made under an older epoch: another device's answers may stand instead of these.
    if (epoch < this.queue.epoch && !this.ended) this.reread();
  }
  private heard(ack: Ack): void {
    this.lastEvent = ack.seq;
    this.deadlineMs.value = ack.deadline_ms;
    this.state.value = ack.state;
    this.notices.value = ack.notices;
    if (this.isOpen && ack.epoch > this.queue.epoch) this.displaced.value = true;
    this.refresh();
  }
  private refused(e: ApiError, items: number[]): void {
    this.refusal.value = { text: e.message, items };
    this.api.session(this.id).then(
      (session) => {
        this.state.value = session.state;
        this.deadlineMs.value = session.deadline_ms;
        this.merge(session.responses);
      },
      () => undefined,
    );
  }
  private refresh(): void {
    this.unsent.value = this.queue.unsentCount();
    if (!this.queue.connected) this.connected.value = false;
    if (this.session.value === null) return;
    const before = this.storedBefore();
    localStorage.setItem(
      'mingfa.stored.' + this.id,
      JSON.stringify(
        this.values.value.map((v, i) => (this.queue.isUnsent(i) ? (before[i] ?? null) : v)),
      ),
    );
    // What is unsent when the server closes is still sent: it is kept as late, and decided on.
    if (CLOSED.includes(this.state.value) && this.unsent.value === 0) this.finish();
  }
  private storedBefore(): Value[] {
    try {
      return JSON.parse(localStorage.getItem('mingfa.stored.' + this.id) ?? '[]') as Value[];
    } catch {
      return [];
    }
  }
  isUnsent(item: number): boolean {
    return this.unsent.value > 0 && this.queue.isUnsent(item);
  }
  choose(item: number, value: Value): void {
    if (this.locked.value || (this.values.value[item] ?? null) === value) return;
    const values = this.values.value.slice();
    values[item] = value;
    this.values.value = values;
    this.queue.set(item, value);
  }
  private keptMarks(count: number): boolean[] {
    const kept = localStorage.getItem('mingfa.marks.' + this.id) ?? '';
    return Array.from({ length: count }, (_x, i) => kept[i] === '1');
  }
  toggleMark(item: number): void {
    const marks = this.marks.value.slice();
    marks[item] = marks[item] !== true;
    this.marks.value = marks;
    localStorage.setItem('mingfa.marks.' + this.id, marks.map((m) => (m ? '1' : '0')).join(''));
  }
  /** Sends what is unsent, then hands in. Throws what went wrong; nothing is lost by that. */
  async handIn(): Promise<void> {
    await this.queue.drain();
    if (!this.isOpen) throw new NetworkError('not open yet');
    try {
      await this.api.submit(this.id, this.queue.epoch, this.queue.lastSeq());
    } catch (e) {
      if (e instanceof ApiError && e.problem === 'epoch-older') this.displaced.value = true;
      throw e;
    }
    this.finish();
  }
  private finish(): void {
    if (this.closed.value) return;
    this.closed.value = true;
    this.end();
    this.queue.forget();
    for (const name of ['mingfa.marks.' + this.id, 'mingfa.stored.' + this.id, 'mingfa.paper'])
      localStorage.removeItem(name);
  }
  end(): void {
    this.ended = true;
    this.queue.close();
    if (this.ticker !== null) clearInterval(this.ticker);
    if (this.heart !== null) clearTimeout(this.heart);
    if (this.retry !== null) clearTimeout(this.retry);
    removeEventListener('online', this.wake);
    removeEventListener('offline', this.lost);
    document.removeEventListener('visibilitychange', this.wake);
  }
}
