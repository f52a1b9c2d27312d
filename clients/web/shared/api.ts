/** The API as docs/openapi.yaml describes it, for the browser. One function a request; every
 * failure is an ApiError with a sentence for the person, or a NetworkError when nothing answered. */

export interface Role {
  role: string;
  unit: string;
}
export interface Me {
  person: string;
  name: string;
  unit: string;
  unit_name: string;
  category: string;
  roles: Role[];
  server_time_ms: number;
}
export interface Login {
  token: string;
  expires_ms: number;
  me: Me;
}
export interface Score {
  points: number;
  points_max: number;
  passed: boolean;
  band: string;
  pending: boolean;
}
export interface MyExam {
  exam: string;
  name: string;
  kind: string;
  year: number;
  duration_ms: number;
  window_start_ms: number;
  window_end_ms: number;
  state: 'upcoming' | 'open' | 'closed';
  items: number;
  points: number;
  pass_mark: number;
  attempts: number;
  attempts_used: number;
  next_attempt: number | null;
  exemption: 'none' | 'exempt' | 'deferred';
  session: { session: string; attempt: number; state: string; deadline_ms: number } | null;
  result: Score | null;
}
export interface MyExams {
  exams: MyExam[];
  hearings: { year: number; attended: number };
  server_time_ms: number;
}
/** Bit mask over the shown options, text of a fill-in, or null for cleared. */
export type Value = number | string | null;
export interface PaperItem {
  type: 'single' | 'multiple' | 'true_false' | 'fill_in';
  stem: string;
  options: string[];
  points: number;
}
export interface StoredResponse {
  item: number;
  value: Value;
}
export interface Session {
  session: string;
  exam: string;
  exam_name: string;
  state: string;
  attempt: number;
  started_ms: number;
  deadline_ms: number;
  grace_ms: number;
  server_time_ms: number;
  head: string;
  paper: { digest: string; items: PaperItem[] };
  responses: StoredResponse[];
}
export interface Ack {
  seq: number;
  head: string;
  server_time_ms: number;
  deadline_ms: number;
  state: string;
  late: boolean;
  notices: string[];
  /** After open: of this device; else of the device that opened last. */
  epoch: number;
  next_seq?: number;
  responses?: StoredResponse[];
}
export interface Result {
  session: string;
  state: string;
  attempt: number;
  score: Score | null;
  head: string;
  closed_ms: number;
  unit: string;
}
export interface ReviewItem extends PaperItem {
  award: number;
  value: Value;
  answer: number | string[];
  explanation: string;
  citations: string[];
}
export interface CoverageCounts {
  expected: number;
  exempted: number;
  sat: number;
  passed: number;
  pending: number;
  deferred: number;
  missing: number;
  attended: number;
  integrated: number;
  participation: number | null;
  pass_rate: number | null;
  coverage: number | null;
  integrated_coverage: number | null;
}
export interface Coverage {
  exam: string;
  as_of_ms: number;
  closed: boolean;
  formula: string;
  rows: { unit: string; name: string; level: number; own: CoverageCounts; total: CoverageCounts }[];
}
export interface ResponseInput {
  seq: number;
  item: number;
  value: Value;
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly type: string,
    message: string,
    readonly retryAfterMs: number,
    /** How many turns come before ours, where there is a line. */
    readonly before: number | null = null,
  ) {
    super(message);
  }
  /** The stable name of what went wrong: the end of /problems/NAME. */
  get problem(): string {
    return this.type.slice(this.type.lastIndexOf('/') + 1);
  }
}
export class NetworkError extends Error {}

const REQUEST_TIMEOUT_MS = 20000;

/** Told after each reply that carries it: the server's time in it, and how long the exchange took. */
export type ClockListener = (serverMs: number, roundTripMs: number) => void;

export class Api {
  token: string | null = null;
  lang = 'zh';
  onClock: ClockListener = () => undefined;
  onLoggedOut: () => void = () => undefined;

  private async request<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = { 'Accept-Language': this.lang };
    if (this.token !== null) headers['Authorization'] = 'Bearer ' + this.token;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), REQUEST_TIMEOUT_MS);
    const sentAt = performance.now();
    let reply: Response;
    let text: string;
    try {
      reply = await fetch('/api/v1' + path, {
        method,
        headers,
        cache: 'no-store',
        credentials: 'omit',
        signal: abort.signal,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      text = await reply.text();
    } catch (e) {
      throw new NetworkError(String(e));
    } finally {
      clearTimeout(timer);
    }
    let parsed: Record<string, unknown> = {};
    if (text !== '') {
      try {
        parsed = JSON.parse(text) as Record<string, unknown>;
      } catch {
        throw new NetworkError('reply is not JSON');
      }
    }
    if (!reply.ok) {
      if (reply.status === 401 && this.token !== null) this.onLoggedOut();
      const retry = Number(reply.headers.get('Retry-After') ?? '0');
      // Who waits for a turn is told the moment, not the second: turns are spread out.
      const turn = parsed['retry_after_ms'];
      throw new ApiError(
        reply.status,
        String(parsed['type'] ?? ''),
        String(parsed['detail'] ?? reply.statusText),
        typeof turn === 'number' ? turn : Number.isFinite(retry) ? retry * 1000 : 0,
        typeof parsed['before'] === 'number' ? parsed['before'] : null,
      );
    }
    const serverTime = parsed['server_time_ms'];
    if (typeof serverTime === 'number') {
      this.onClock(serverTime, performance.now() - sentAt);
    }
    return parsed as T;
  }

  activate(person: string, code: string, newPassword: string): Promise<Login> {
    return this.request('POST', '/activations', { person, code, new_password: newPassword });
  }
  login(person: string, password: string): Promise<Login> {
    return this.request('POST', '/logins', { person, password });
  }
  logout(): Promise<unknown> {
    return this.request('DELETE', '/logins/current');
  }
  me(): Promise<Me> {
    return this.request('GET', '/me');
  }
  myExams(): Promise<MyExams> {
    return this.request('GET', '/me/exams');
  }
  start(exam: string, attempt: number, nonce: string): Promise<Session> {
    return this.request('POST', `/exams/${exam}/sessions`, { attempt, nonce });
  }
  session(id: string): Promise<Session> {
    return this.request('GET', `/sessions/${id}`);
  }
  open(id: string, device: string): Promise<Ack> {
    return this.request('POST', `/sessions/${id}/open`, { device });
  }
  save(id: string, epoch: number, responses: ResponseInput[]): Promise<Ack> {
    return this.request('PUT', `/sessions/${id}/responses`, { epoch, responses });
  }
  heartbeat(id: string): Promise<Ack> {
    return this.request('POST', `/sessions/${id}/heartbeat`, {});
  }
  submit(id: string, epoch: number, seq: number): Promise<Result> {
    return this.request('POST', `/sessions/${id}/submission`, { epoch, seq });
  }
  result(id: string): Promise<Result> {
    return this.request('GET', `/sessions/${id}/result`);
  }
  review(id: string): Promise<{ items: ReviewItem[] }> {
    return this.request('GET', `/sessions/${id}/review`);
  }
  coverage(exam: string, unit: string): Promise<Coverage> {
    return this.request('GET', `/exams/${exam}/coverage?unit=${encodeURIComponent(unit)}`);
  }
}
