/** One sitting in this page: the paper, what is chosen, what the server holds, the clock.
 *
 * The server decides everything that counts. This class shows its last word and keeps sending
 * until it has spoken: load → open (epoch) → save … → hand in → result. */
import { signal } from '@preact/signals';
import {
  ApiError,
  NetworkError,
  type Ack,
  type Api,
  type Session,
  type Value,
} from '../shared/api';
import { deviceId, ResponseQueue } from '../shared/queue';
import type { ServerClock } from '../shared/clock';

const HEARTBEAT_MS = 60000;
const CLOSED = ['submitted', 'timed_out', 'graded', 'voided'];

export class Sitting {
  readonly session = signal<Session | null>(null);
  readonly values = signal<Value[]>([]);
  readonly marks = signal<boolean[]>([]);
  readonly stored = signal<boolean[]>([]);
  readonly unsent = signal(0);
  readonly connected = signal(true);
  readonly late = signal(false);
  readonly state = signal('started');
  readonly deadlineMs = signal(0);
  readonly notices = signal<string[]>([]);
  readonly error = signal<unknown>(null);
  readonly closed = signal(false);
  readonly now = signal(0);
  private queue: ResponseQueue;
  private epoch = 0;
  private ticker: ReturnType<typeof setInterval> | null = null;
  private heart: ReturnType<typeof setTimeout> | null = null;
  private askedToClose = false;

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
        acknowledged: (ack) => this.heard(ack),
        refused: (e) => this.refused(e),
      },
    );
  }

  /** Loads the paper and what is stored; keeps trying while the network is away. */
  async begin(): Promise<void> {
    addEventListener('online', this.wake);
    document.addEventListener('visibilitychange', this.wake);
    this.ticker = setInterval(() => this.tick(), 250);
    const kept = await this.queue.load();
    let session = this.cached();
    try {
      session = await this.api.session(this.id);
      localStorage.setItem('mingfa.paper', JSON.stringify(session));
    } catch (e) {
      if (e instanceof ApiError || session === null) {
        this.error.value = e;
        return;
      }
      this.connected.value = false;
    }
    this.show(session, kept);
    await this.open();
  }
  private cached(): Session | null {
    const text = localStorage.getItem('mingfa.paper');
    if (text === null) return null;
    try {
      const session = JSON.parse(text) as Session;
      return session.session === this.id ? session : null;
    } catch {
      return null;
    }
  }
  private show(session: Session, kept: { item: number; value: Value }[]): void {
    const count = session.paper.items.length;
    const values: Value[] = new Array<Value>(count).fill(null);
    const stored = new Array<boolean>(count).fill(false);
    for (const r of session.responses) {
      values[r.item] = r.value;
      stored[r.item] = r.value !== null;
    }
    for (const r of kept) values[r.item] = r.value;
    this.values.value = values;
    this.stored.value = stored;
    this.marks.value = this.keptMarks(count);
    this.deadlineMs.value = session.deadline_ms;
    this.state.value = session.state;
    if (!this.clock.known()) this.clock.set(session.server_time_ms);
    this.session.value = session;
    this.refresh();
    if (CLOSED.includes(session.state)) this.finish();
  }
  private async open(): Promise<void> {
    if (this.closed.value) return;
    try {
      const ack = await this.api.open(this.id, deviceId());
      this.epoch = ack.epoch ?? 0;
      this.queue.opened(this.epoch, ack.next_seq ?? 1);
      this.heard(ack);
      this.connected.value = true;
      this.beat();
      this.queue.flush();
    } catch (e) {
      if (e instanceof NetworkError || (e instanceof ApiError && e.status === 503)) {
        this.connected.value = false;
        setTimeout(() => this.open(), 3000);
      } else if (e instanceof ApiError) {
        this.refused(e);
      }
    }
  }
  private readonly wake = (): void => {
    if (document.visibilityState === 'visible') {
      if (this.epoch === 0) this.open();
      else this.queue.wake();
    }
  };
  private tick(): void {
    this.now.value = this.clock.now();
    if (this.session.value === null || this.closed.value || this.state.value === 'suspended')
      return;
    if (this.now.value > this.deadlineMs.value && !this.askedToClose) {
      this.askedToClose = true;
      this.queue.flush().then(() => this.watchClose());
    }
  }
  /** The server closes the session by itself after the grace; ask until it has. */
  private watchClose(): void {
    if (this.closed.value) return;
    this.api.heartbeat(this.id).then(
      (ack) => {
        this.heard(ack);
        if (!this.closed.value) setTimeout(() => this.watchClose(), 2000);
      },
      () => setTimeout(() => this.watchClose(), 3000),
    );
  }
  private beat(): void {
    if (this.heart !== null) clearTimeout(this.heart);
    this.heart = setTimeout(
      () => {
        this.api.heartbeat(this.id).then(
          (ack) => {
            this.connected.value = true;
            this.heard(ack);
          },
          (e: unknown) => {
            if (e instanceof NetworkError) this.connected.value = false;
          },
        );
        this.beat();
      },
      HEARTBEAT_MS * (0.9 + 0.2 * Math.random()),
    );
  }
  private heard(ack: Ack): void {
    this.deadlineMs.value = ack.deadline_ms;
    this.state.value = ack.state;
    this.notices.value = ack.notices;
    if (ack.late) this.late.value = true;
    if (this.now.value <= ack.deadline_ms) this.askedToClose = false;
    if (CLOSED.includes(ack.state)) this.finish();
    this.refresh();
  }
  private refused(e: ApiError): void {
    if (e.status === 401) return;
    this.error.value = e;
    this.api.session(this.id).then(
      (session) => {
        this.state.value = session.state;
        if (CLOSED.includes(session.state)) this.finish();
      },
      () => undefined,
    );
  }
  private refresh(): void {
    const before = this.stored.value;
    this.stored.value = this.values.value.map(
      (value, i) =>
        value !== null && !this.queue.isUnsent(i) && (before[i] === true || this.epoch > 0),
    );
    this.unsent.value = this.queue.unsentCount();
    this.connected.value = this.queue.connected && this.connected.value;
    if (this.queue.connected && this.queue.unsentCount() === 0 && this.epoch > 0)
      this.connected.value = true;
  }
  isUnsent(item: number): boolean {
    return this.queue.isUnsent(item);
  }
  choose(item: number, value: Value): void {
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
    await this.queue.flush();
    if (this.queue.unsentCount() > 0) throw new NetworkError('unsent');
    await this.api.submit(this.id, this.epoch, this.queue.lastSeq());
    this.finish();
  }
  private finish(): void {
    this.closed.value = true;
    this.end();
  }
  end(): void {
    this.queue.close();
    if (this.ticker !== null) clearInterval(this.ticker);
    if (this.heart !== null) clearTimeout(this.heart);
    removeEventListener('online', this.wake);
    document.removeEventListener('visibilitychange', this.wake);
  }
}
