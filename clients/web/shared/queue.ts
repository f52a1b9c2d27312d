/** Unsent responses, kept until the server says that they are stored.
 *
 * Each change gets the device's next sequence number and is put into IndexedDB before anything is
 * sent. A flush sends all that is unsent, grouped by the epoch it was made under; only the
 * server's acknowledgement takes an entry out. A lost signal, a reload or a crash costs nothing. */
import { createStore, get, set as put, type UseStore } from 'idb-keyval';
import { ApiError, NetworkError, type Ack, type ResponseInput, type Value } from './api';

export interface QueueEntry extends ResponseInput {
  epoch: number;
}
export interface Transport {
  save(epoch: number, responses: ResponseInput[]): Promise<Ack>;
}
export interface QueueEvents {
  /** Something changed: counts, connection, stored marks. */
  changed(): void;
  acknowledged(ack: Ack): void;
  /** The server refused for good (handed in elsewhere, too late): a sentence for the person. */
  refused(error: ApiError): void;
}

const RETRY_FIRST_MS = 1000;
const RETRY_MAX_MS = 15000;
const IDB_PATIENCE_MS = 2000;

let store: UseStore | null = null;
function keyval(): UseStore {
  store = store ?? createStore('mingfa', 'unsent');
  return store;
}

/** IndexedDB may hang at start in some browsers: wait for it, but not for ever. */
function patient<T>(work: Promise<T>, otherwise: T): Promise<T> {
  return Promise.race([
    work.catch(() => otherwise),
    new Promise<T>((resolve) => setTimeout(() => resolve(otherwise), IDB_PATIENCE_MS)),
  ]);
}

export class ResponseQueue {
  private pending = new Map<number, QueueEntry>();
  private nextSeq = 1;
  private epoch = 0;
  private flushing: Promise<void> | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private retryMs = RETRY_FIRST_MS;
  private closed = false;
  connected = true;
  late = false;

  constructor(
    private readonly session: string,
    private readonly transport: Transport,
    private readonly events: QueueEvents,
    private readonly storage: Storage = localStorage,
  ) {}

  /** What an earlier page left unsent. */
  async load(): Promise<QueueEntry[]> {
    const kept = await patient(get<QueueEntry[]>(this.session, keyval()), undefined);
    for (const entry of kept ?? []) {
      if (!this.pending.has(entry.item)) this.pending.set(entry.item, entry);
      this.nextSeq = Math.max(this.nextSeq, entry.seq + 1);
    }
    return Array.from(this.pending.values());
  }
  /** After `open`: the epoch of this device and where its numbering goes on. */
  opened(epoch: number, nextSeq: number): void {
    this.epoch = epoch;
    this.nextSeq = Math.max(this.nextSeq, nextSeq);
  }
  private takeSeq(): number {
    const name = 'mingfa.seq.' + this.session;
    const seen = Number(this.storage.getItem(name) ?? '0');
    const seq = Math.max(this.nextSeq, seen + 1);
    this.storage.setItem(name, String(seq));
    this.nextSeq = seq + 1;
    return seq;
  }
  lastSeq(): number {
    return this.nextSeq - 1;
  }
  isUnsent(item: number): boolean {
    return this.pending.has(item);
  }
  unsentCount(): number {
    return this.pending.size;
  }
  set(item: number, value: Value): void {
    this.pending.set(item, { item, value, seq: this.takeSeq(), epoch: this.epoch });
    this.persist();
    this.events.changed();
    this.flush();
  }
  private persist(): void {
    put(this.session, Array.from(this.pending.values()), keyval()).catch(() => undefined);
  }
  /** Resolves when everything known now was acknowledged or refused, or the try failed. */
  flush(): Promise<void> {
    if (this.flushing !== null) return this.flushing;
    if (this.closed || this.pending.size === 0) return Promise.resolve();
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.flushing = this.send().then(
      () => {
        this.flushing = null;
        if (this.connected) this.flush();
      },
      () => {
        this.flushing = null;
      },
    );
    return this.flushing;
  }
  private async send(): Promise<void> {
    const byEpoch = new Map<number, QueueEntry[]>();
    this.pending.forEach((entry) => {
      const group = byEpoch.get(entry.epoch) ?? [];
      group.push(entry);
      byEpoch.set(entry.epoch, group);
    });
    const epochs = Array.from(byEpoch.keys()).sort((a, b) => a - b);
    for (const epoch of epochs) {
      const group = byEpoch.get(epoch) ?? [];
      try {
        const ack = await this.transport.save(
          epoch,
          group.map(({ seq, item, value }) => ({ seq, item, value })),
        );
        this.connected = true;
        this.retryMs = RETRY_FIRST_MS;
        if (ack.late) this.late = true;
        this.settle(group);
        this.events.acknowledged(ack);
      } catch (e) {
        this.failed(e, group);
        throw e;
      }
    }
  }
  /** Takes out what was sent, unless the person changed it again meanwhile. */
  private settle(group: QueueEntry[]): void {
    for (const entry of group) {
      if (this.pending.get(entry.item)?.seq === entry.seq) this.pending.delete(entry.item);
    }
    this.persist();
    this.events.changed();
  }
  private failed(e: unknown, group: QueueEntry[]): void {
    const refusedForGood =
      e instanceof ApiError &&
      e.status >= 400 &&
      e.status < 500 &&
      ![401, 408, 429].includes(e.status);
    if (refusedForGood) {
      this.settle(group);
      this.events.refused(e);
      return;
    }
    this.connected = false;
    let wait = this.retryMs;
    if (e instanceof ApiError && e.retryAfterMs > 0) wait = e.retryAfterMs;
    if (!(e instanceof ApiError) && !(e instanceof NetworkError)) wait = RETRY_MAX_MS;
    this.retryMs = Math.min(this.retryMs * 2, RETRY_MAX_MS);
    this.timer = setTimeout(() => this.flush(), wait * (0.8 + 0.4 * Math.random()));
    this.events.changed();
  }
  /** The network came back, or the page is looked at again: try now. */
  wake(): void {
    this.retryMs = RETRY_FIRST_MS;
    this.flush();
  }
  close(): void {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }
}

/** 16 or 32 unpredictable bytes in hexadecimal. */
export function randomHex(bytes: number): string {
  const data = new Uint8Array(bytes);
  crypto.getRandomValues(data);
  return Array.from(data, (b) => (b < 16 ? '0' : '') + b.toString(16)).join('');
}

/** The device id: made once per browser, shared by its tabs. */
export function deviceId(storage: Storage = localStorage): string {
  const known = storage.getItem('mingfa.device');
  if (known !== null && /^[0-9a-f]{32}$/.test(known)) return known;
  const made = randomHex(16);
  storage.setItem('mingfa.device', made);
  return made;
}
