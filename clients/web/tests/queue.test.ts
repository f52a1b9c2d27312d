import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError, NetworkError, type Ack, type ResponseInput } from '../shared/api';
import { deviceId, randomHex, ResponseQueue } from '../shared/queue';

const ack = (over: Partial<Ack> = {}): Ack => ({
  seq: 1,
  head: '00',
  server_time_ms: 0,
  deadline_ms: 0,
  state: 'started',
  late: false,
  notices: [],
  epoch: 1,
  ...over,
});

interface Sent {
  epoch: number;
  responses: ResponseInput[];
}

/** A server that answers when it is told to. */
class Server {
  sent: Sent[] = [];
  answer: () => Promise<Ack> = () => Promise.resolve(ack());
  save(epoch: number, responses: ResponseInput[]): Promise<Ack> {
    this.sent.push({ epoch, responses });
    return this.answer();
  }
}
const events = () => ({
  changed: vi.fn(),
  acknowledged: vi.fn(),
  refused: vi.fn(),
  stale: vi.fn(),
});
let counter = 0;
let session = '';

describe('the queue of unsent responses', () => {
  beforeEach(() => {
    localStorage.clear();
    session = 'session-' + String(++counter);
  });

  it('takes a response out only when the server has acknowledged it', async () => {
    const server = new Server();
    const e = events();
    const queue = new ResponseQueue(session, server, e);
    queue.opened(3, 1);
    let release: (a: Ack) => void = () => undefined;
    server.answer = () => new Promise((resolve) => (release = resolve));
    queue.set(5, 2);
    expect(queue.isUnsent(5)).toBe(true);
    const done = queue.flush();
    release(ack());
    await done;
    expect(queue.isUnsent(5)).toBe(false);
    expect(server.sent[0]).toEqual({ epoch: 3, responses: [{ seq: 1, item: 5, value: 2 }] });
    expect(e.acknowledged).toHaveBeenCalledTimes(1);
  });

  it('keeps what was changed again while the first value was on its way', async () => {
    const server = new Server();
    const queue = new ResponseQueue(session, server, events());
    queue.opened(1, 1);
    let release: (a: Ack) => void = () => undefined;
    server.answer = () => new Promise((resolve) => (release = resolve));
    queue.set(0, 1);
    const first = queue.flush();
    queue.set(0, 4);
    server.answer = () => Promise.resolve(ack());
    release(ack());
    await first;
    await queue.flush();
    expect(server.sent.map((s) => s.responses)).toEqual([
      [{ seq: 1, item: 0, value: 1 }],
      [{ seq: 2, item: 0, value: 4 }],
    ]);
    expect(queue.unsentCount()).toBe(0);
  });

  it('keeps everything through a lost network and sends it afterwards', async () => {
    const server = new Server();
    const queue = new ResponseQueue(session, server, events());
    queue.opened(1, 1);
    server.answer = () => Promise.reject(new NetworkError('away'));
    queue.set(0, 1);
    await queue.flush();
    queue.set(1, 2);
    await queue.flush();
    expect(queue.unsentCount()).toBe(2);
    expect(queue.connected).toBe(false);
    server.answer = () => Promise.resolve(ack());
    queue.wake();
    await queue.flush();
    expect(queue.unsentCount()).toBe(0);
    expect(queue.connected).toBe(true);
    queue.close();
  });

  it('finds after a reload what an earlier page left, and sends it under its own epoch', async () => {
    const away = new Server();
    away.answer = () => Promise.reject(new NetworkError('away'));
    const before = new ResponseQueue(session, away, events());
    before.opened(2, 7);
    before.set(4, 8);
    await before.flush();
    before.close();
    await new Promise((resolve) => setTimeout(resolve, 20));

    const server = new Server();
    const after = new ResponseQueue(session, server, events());
    expect(await after.load()).toEqual([{ item: 4, value: 8, seq: 7, epoch: 2 }]);
    after.opened(3, 1);
    after.set(5, 1);
    await after.flush();
    await after.flush();
    expect(server.sent.some((s) => s.epoch === 2 && s.responses[0]?.item === 4)).toBe(true);
    expect(server.sent.some((s) => s.epoch === 3 && s.responses[0]?.seq === 8)).toBe(true);
    after.close();
  });

  it('gives two tabs of one device different sequence numbers', () => {
    const a = new ResponseQueue(session, new Server(), events());
    const b = new ResponseQueue(session, new Server(), events());
    a.opened(1, 1);
    b.opened(1, 1);
    a.set(0, 1);
    b.set(0, 2);
    expect(b.lastSeq()).toBeGreaterThan(a.lastSeq());
    a.close();
    b.close();
  });

  it('tells the person when the server refuses for good, and stops sending that', async () => {
    const server = new Server();
    const e = events();
    const queue = new ResponseQueue(session, server, e);
    queue.opened(1, 1);
    server.answer = () => Promise.reject(new ApiError(409, '/problems/x', '已交卷', 0));
    queue.set(0, 1);
    await queue.flush();
    expect(e.refused).toHaveBeenCalledTimes(1);
    expect(queue.unsentCount()).toBe(0);
    queue.close();
  });

  it.each([401, 429, 503])('keeps trying after status %i', async (status) => {
    const server = new Server();
    const e = events();
    const queue = new ResponseQueue(session, server, e);
    queue.opened(1, 1);
    server.answer = () => Promise.reject(new ApiError(status, '', 'later', 0));
    queue.set(0, 1);
    await queue.flush();
    expect(e.refused).not.toHaveBeenCalled();
    expect(queue.unsentCount()).toBe(1);
    queue.close();
  });

  it('keeps what is answered before the epoch is known until it is known', async () => {
    const server = new Server();
    const queue = new ResponseQueue(session, server, events());
    queue.set(2, 4);
    await queue.flush();
    expect(server.sent).toEqual([]);
    queue.opened(5, 9);
    await queue.flush();
    expect(server.sent).toEqual([{ epoch: 5, responses: [{ seq: 1, item: 2, value: 4 }] }]);
    queue.close();
  });

  it('goes on under the known epoch after a reload without a network', () => {
    const before = new ResponseQueue(session, new Server(), events());
    before.opened(4, 1);
    const server = new Server();
    const after = new ResponseQueue(session, server, events());
    after.set(0, 1);
    expect(server.sent[0]?.epoch).toBe(4);
    before.close();
    after.close();
  });

  it('keeps what another tab of this device left unsent', async () => {
    const away = new Server();
    away.answer = () => Promise.reject(new NetworkError('away'));
    const a = new ResponseQueue(session, away, events());
    const b = new ResponseQueue(session, new Server(), events());
    a.opened(1, 1);
    b.opened(1, 1);
    a.set(0, 1);
    await a.flush();
    b.set(1, 2);
    await b.flush();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const after = new ResponseQueue(session, away, events());
    expect((await after.load()).map((entry) => entry.item)).toEqual([0]);
    [a, b, after].forEach((queue) => queue.close());
  });

  it('sends the others when one response is refused', async () => {
    const e = events();
    const stored: number[] = [];
    const queue = new ResponseQueue(
      session,
      {
        save: (_epoch, responses) => {
          if (responses.some((r) => r.item === 1))
            return Promise.reject(new ApiError(400, '/problems/response-text-bad', '有误', 0));
          responses.forEach((r) => stored.push(r.item));
          return Promise.resolve(ack());
        },
      },
      e,
    );
    [0, 1, 2].forEach((item) => queue.set(item, 'x'));
    queue.opened(1, 1);
    await expect(queue.drain()).rejects.toThrow('有误');
    await queue.drain();
    expect(stored).toEqual([0, 2]);
    expect(e.refused).toHaveBeenCalledWith(expect.anything(), [1]);
    queue.close();
  });

  it.each(['response-too-late', 'session-closed', 'session-keys-shown'])(
    'after %s calls only that refused which the server does not have',
    async (problem) => {
      const e = events();
      let stored: number[] = [];
      const queue = new ResponseQueue(
        session,
        {
          save: (_epoch, responses) =>
            responses.every((r) => stored.includes(r.item))
              ? Promise.resolve(ack({ state: 'graded' }))
              : Promise.reject(new ApiError(409, '/problems/' + problem, '太迟了', 0)),
        },
        e,
      );
      [0, 1, 2, 3].forEach((item) => queue.set(item, 'x'));
      stored = [0, 2]; // their acknowledgement was lost
      queue.opened(1, 1);
      await expect(queue.drain()).rejects.toThrow('太迟了');
      expect(e.refused.mock.calls).toEqual([[expect.anything(), [1, 3]]]);
      expect(e.acknowledged).toHaveBeenCalledTimes(2);
      expect(queue.unsentCount()).toBe(0);
      queue.close();
    },
  );

  it('keeps the rest when the network goes while it is sending one by one', async () => {
    const e = events();
    let saves = 0;
    const queue = new ResponseQueue(
      session,
      {
        save: () =>
          ++saves < 3
            ? Promise.reject(new ApiError(409, '/problems/response-too-late', '太迟了', 0))
            : Promise.reject(new NetworkError('away')),
      },
      e,
    );
    [0, 1, 2].forEach((item) => queue.set(item, 'x'));
    queue.opened(1, 1);
    await queue.flush();
    expect(e.refused.mock.calls).toEqual([[expect.anything(), [0]]]);
    expect(queue.unsentCount()).toBe(2);
    queue.close();
  });

  it('numbers anew what the server knows otherwise, and loses nothing', async () => {
    const server = new Server();
    const e = events();
    const queue = new ResponseQueue(session, server, e);
    queue.opened(1, 1);
    server.answer = () => Promise.reject(new ApiError(409, '/problems/epoch-unknown', '失效', 0));
    queue.set(3, 1);
    await queue.flush();
    expect(e.stale).toHaveBeenCalledTimes(1);
    expect(queue.unsentCount()).toBe(1);
    server.answer = () => Promise.resolve(ack());
    queue.opened(2, 10, true);
    await queue.flush();
    expect(server.sent[1]).toEqual({ epoch: 2, responses: [{ seq: 10, item: 3, value: 1 }] });
    expect(queue.unsentCount()).toBe(0);
    queue.close();
  });

  it('keeps what is refused while an officer has suspended the session', async () => {
    const server = new Server();
    const e = events();
    const queue = new ResponseQueue(session, server, e);
    queue.opened(1, 1);
    server.answer = () =>
      Promise.reject(new ApiError(409, '/problems/session-suspended', '暂停', 0));
    queue.set(0, 1);
    await queue.flush();
    expect(e.refused).not.toHaveBeenCalled();
    expect(queue.unsentCount()).toBe(1);
    queue.close();
  });

  it('drains also what was chosen while it was sending, and says what is in the way', async () => {
    const server = new Server();
    const queue = new ResponseQueue(session, server, events());
    queue.opened(1, 1);
    queue.set(0, 1);
    queue.set(1, 1);
    await queue.drain();
    expect(queue.unsentCount()).toBe(0);
    server.answer = () => Promise.reject(new NetworkError('away'));
    queue.set(2, 1);
    await expect(queue.drain()).rejects.toBeInstanceOf(NetworkError);
    queue.close();
  });

  it('makes one device id a browser', () => {
    expect(deviceId()).toMatch(/^[0-9a-f]{32}$/);
    expect(deviceId()).toBe(deviceId());
    expect(randomHex(32)).toHaveLength(64);
    expect(randomHex(32)).not.toBe(randomHex(32));
  });
});
