/** Unsent responses, kept until the server says that they are stored.
 *
 * Each change gets the device's next sequence number and is put into IndexedDB before anything is
 * sent, one record an item, so that two tabs of a device never overwrite each other's. A flush
 * sends all that is unsent, grouped by the epoch it was made under; only the server's
 * acknowledgement takes an entry out. A lost signal, a reload or a crash costs nothing. */
import { createStore, type UseStore } from 'idb-keyval';
import { ApiError, NetworkError, type Ack, type ResponseInput, type Value } from './api';

export interface QueueEntry extends ResponseInput {
  /** 0: made before this device was told an epoch; gets it when it is. */
  epoch: number;
}
export interface Transport {
  save(epoch: number, responses: ResponseInput[]): Promise<Ack>;
}
export interface QueueEvents {
  /** Something changed: counts, connection, what is stored. */
  changed(): void;
  acknowledged(ack: Ack, epoch: number): void;
  /** The server refused these for good (handed in, too late): a sentence for the person. */
  refused(error: ApiError, items: number[]): void;
  /** The server does not know our epoch or numbers: open again, then opened(…, true). */
  stale(): void;
}

const RETRY_FIRST_MS = 1000;
const RETRY_MAX_MS = 15000;
const IDB_PATIENCE_MS = 2000;
const RENUMBER_MAX = 3;
const RENUMBER = ['epoch-unknown', 'response-differs'];
/** Refusals that pass: of the login, of too much at once, while an officer has suspended. */
const PASSING_STATUS = [401, 408, 429];
const PASSING = ['session-suspended'];

let store: UseStore | null = null;
function database(): UseStore {
  store = store ?? createStore('mingfa', 'unsent');
  return store;
}
function done(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}
const nameOf = (session: string, item: number): string => `${session}/${item}`;

/** IndexedDB may hang at start in some browsers: wait for it, but not for ever. */
function patient<T>(work: Promise<T>): Promise<T> {
  return Promise.race([
    work,
    new Promise<T>((_resolve, reject) =>
      setTimeout(() => reject(new Error('IndexedDB does not answer')), IDB_PATIENCE_MS),
    ),
  ]);
}
function readAll(session: string): Promise<QueueEntry[]> {
  const range = IDBKeyRange.bound(session + '/', session + '0', false, true); // '0' follows '/'
  return database()('readonly', (s) => {
    const request = s.getAll(range) as IDBRequest<QueueEntry[]>;
    return done(s.transaction).then(() => request.result);
  });
}
function write(session: string, entries: QueueEntry[]): Promise<void> {
  return database()('readwrite', (s) => {
    entries.forEach((entry) => s.put(entry, nameOf(session, entry.item)));
    return done(s.transaction);
  });
}
/** Takes out the entries, unless another tab has put something newer in their places. */
function erase(session: string, entries: QueueEntry[]): Promise<void> {
  return database()('readwrite', (s) => {
    entries.forEach((entry) => {
      const name = nameOf(session, entry.item);
      const request = s.get(name) as IDBRequest<QueueEntry | undefined>;
      request.onsuccess = () => {
        if (request.result !== undefined && request.result.seq <= entry.seq) s.delete(name);
      };
    });
    return done(s.transaction);
  });
}

export class ResponseQueue {
  private pending = new Map<number, QueueEntry>();
  private nextSeq = 1;
  private flushing: Promise<void> | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private retryMs = RETRY_FIRST_MS;
  private renumbered = 0;
  private closed = false;
  private problem: Error | null = null;
  epoch: number;
  connected = true;

  constructor(
    private readonly session: string,
    private readonly transport: Transport,
    private readonly events: QueueEvents,
    private readonly storage: Storage = localStorage,
  ) {
    this.epoch = Number(storage.getItem('mingfa.epoch.' + session) ?? '0');
  }

  /** What an earlier page left unsent. */
  async load(): Promise<QueueEntry[]> {
    let kept: QueueEntry[] = [];
    try {
      kept = await patient(readAll(this.session));
    } catch {
      // then only what the spare place holds
    }
    const spare = this.storage.getItem('mingfa.unsent.' + this.session);
    if (spare !== null) kept = kept.concat(JSON.parse(spare) as QueueEntry[]);
    for (const entry of kept) {
      const known = this.pending.get(entry.item);
      if (known === undefined || known.seq < entry.seq) this.pending.set(entry.item, entry);
      this.nextSeq = Math.max(this.nextSeq, entry.seq + 1);
    }
    return Array.from(this.pending.values());
  }
  /** After `open`: the epoch of this device and where its numbering goes on. Entries without an
   * epoch get this one; all of them, if the server did not know what they were numbered by. */
  opened(epoch: number, nextSeq: number, renumber = false): void {
    this.epoch = epoch;
    this.storage.setItem('mingfa.epoch.' + this.session, String(epoch));
    this.nextSeq = Math.max(this.nextSeq, nextSeq);
    const changed: QueueEntry[] = [];
    this.pending.forEach((entry) => {
      if (entry.epoch !== 0 && !renumber) return;
      const again = { ...entry, epoch, seq: renumber ? this.takeSeq() : entry.seq };
      this.pending.set(entry.item, again);
      changed.push(again);
    });
    if (changed.length > 0) this.keep(changed);
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
    const entry = { item, value, seq: this.takeSeq(), epoch: this.epoch };
    this.pending.set(item, entry);
    this.keep([entry]);
    this.events.changed();
    this.flush();
  }
  /** Into the database; where there is none (some private windows), into the storage. */
  private keep(entries: QueueEntry[]): void {
    patient(write(this.session, entries)).catch(() => this.spare());
  }
  private spare(): void {
    const name = 'mingfa.unsent.' + this.session;
    try {
      if (this.pending.size === 0) this.storage.removeItem(name);
      else this.storage.setItem(name, JSON.stringify(Array.from(this.pending.values())));
    } catch {
      // full or forbidden: memory is what is left, and the page says that it is not stored
    }
  }
  /** Resolves when everything known now was acknowledged or refused, or the try failed. */
  flush(): Promise<void> {
    if (this.flushing !== null) return this.flushing;
    if (this.closed || this.sendable().length === 0) return Promise.resolve();
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.flushing = this.send().then(
      () => {
        this.flushing = null;
        this.flush();
      },
      () => {
        this.flushing = null;
      },
    );
    return this.flushing;
  }
  /** Everything that was made up to now is stored, or this throws what is in the way. */
  async drain(): Promise<void> {
    this.problem = null;
    while (this.pending.size > 0) {
      await this.flush();
      if (this.problem !== null) throw this.problem;
      if (this.sendable().length === 0 && this.pending.size > 0) throw new NetworkError('unsent');
    }
  }
  private sendable(): QueueEntry[] {
    return Array.from(this.pending.values()).filter((entry) => entry.epoch > 0);
  }
  private async send(): Promise<void> {
    const byEpoch = new Map<number, QueueEntry[]>();
    for (const entry of this.sendable()) {
      const group = byEpoch.get(entry.epoch) ?? [];
      group.push(entry);
      byEpoch.set(entry.epoch, group);
    }
    const epochs = Array.from(byEpoch.keys()).sort((a, b) => a - b);
    for (const epoch of epochs) await this.sendGroup(epoch, byEpoch.get(epoch) ?? []);
  }
  private async save(epoch: number, group: QueueEntry[]): Promise<void> {
    const ack = await this.transport.save(
      epoch,
      group.map(({ seq, item, value }) => ({ seq, item, value })),
    );
    this.connected = true;
    this.retryMs = RETRY_FIRST_MS;
    this.renumbered = 0;
    this.settle(group);
    this.events.acknowledged(ack, epoch);
  }
  /** All at once; one by one where that is refused for good: among them may be one that the server
   * has already, and only what it does not take may be called refused. */
  private async sendGroup(epoch: number, group: QueueEntry[]): Promise<void> {
    const dropped: QueueEntry[] = [];
    let reason: ApiError | null = null;
    try {
      await this.save(epoch, group);
    } catch (e) {
      if (!this.isFinal(e)) return this.failed(e);
      if (group.length > 1) {
        for (const entry of group) {
          try {
            await this.save(epoch, [entry]);
          } catch (one) {
            if (!this.isFinal(one)) {
              this.drop(reason, dropped);
              return this.failed(one);
            }
            reason = one;
            dropped.push(entry);
          }
        }
      } else {
        reason = e;
        dropped.push(...group);
      }
    }
    this.drop(reason, dropped);
  }
  /** The server will never take it. */
  private isFinal(e: unknown): e is ApiError {
    if (!(e instanceof ApiError) || e.status < 400 || e.status >= 500) return false;
    if (RENUMBER.includes(e.problem) && this.renumbered < RENUMBER_MAX) return false;
    return !PASSING_STATUS.includes(e.status) && !PASSING.includes(e.problem);
  }
  private drop(reason: ApiError | null, group: QueueEntry[]): void {
    if (reason === null) return;
    this.problem = reason;
    this.connected = true;
    this.settle(group);
    this.events.refused(
      reason,
      group.map((entry) => entry.item),
    );
  }
  /** Takes out what was sent, unless the person changed it again meanwhile. */
  private settle(group: QueueEntry[]): void {
    for (const entry of group) {
      if (this.pending.get(entry.item)?.seq === entry.seq) this.pending.delete(entry.item);
    }
    patient(erase(this.session, group)).catch(() => undefined);
    if (this.storage.getItem('mingfa.unsent.' + this.session) !== null) this.spare();
    this.events.changed();
  }
  /** It stays unsent; throws e. */
  private failed(e: unknown): never {
    this.problem = e instanceof Error ? e : new Error(String(e));
    this.connected = !(e instanceof NetworkError);
    if (e instanceof ApiError && RENUMBER.includes(e.problem) && this.renumbered < RENUMBER_MAX) {
      this.renumbered++;
      this.problem = new NetworkError('renumbering');
      this.events.stale();
      throw e;
    }
    let wait = this.retryMs;
    if (e instanceof ApiError && e.retryAfterMs > 0) wait = e.retryAfterMs;
    if (!(e instanceof ApiError) && !(e instanceof NetworkError)) wait = RETRY_MAX_MS;
    this.retryMs = Math.min(this.retryMs * 2, RETRY_MAX_MS);
    if (!this.closed)
      this.timer = setTimeout(() => this.flush(), wait * (0.8 + 0.4 * Math.random()));
    this.events.changed();
    throw e;
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
  /** The session is over: this device needs to know nothing of it any more. */
  forget(): void {
    for (const name of ['epoch', 'seq', 'unsent'])
      this.storage.removeItem(`mingfa.${name}.${this.session}`);
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
