/** The server's clock, as far as this device can know it. The device's own clock is never asked:
 * performance.now() only counts the milliseconds since the last reply.
 *
 * A reply proves that the server's time now lies between what it carries and that plus the whole
 * exchange. The estimate moves only when it lies outside, or when the exchange was quicker than
 * the one it rests on: a slow request never moves the countdown. */
export class ServerClock {
  private base: number | null = null;
  private at = 0;
  private roundTripMs = Infinity;

  constructor(private readonly ticks: () => number = () => performance.now()) {}

  set(serverMs: number, roundTripMs: number): void {
    const now = this.now();
    const outside = this.base === null || now < serverMs || now > serverMs + roundTripMs;
    if (!outside && roundTripMs >= this.roundTripMs) return;
    this.base = serverMs + roundTripMs / 2;
    this.at = this.ticks();
    this.roundTripMs = roundTripMs;
  }
  known(): boolean {
    return this.base !== null;
  }
  now(): number {
    return this.base === null ? 0 : this.base + (this.ticks() - this.at);
  }
}

/** "59:07", or "1:00:00" from an hour on; never negative. */
export function formatCountdown(ms: number): string {
  const total = Math.max(0, Math.ceil(ms / 1000));
  const h = Math.floor(total / 3600);
  const m = Math.floor((total % 3600) / 60);
  const s = total % 60;
  const two = (n: number): string => (n < 10 ? '0' : '') + String(n);
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
}

/** Civil date and time at +08:00, whatever zone the device believes it is in. */
export function formatTime(ms: number): string {
  const d = new Date(ms + 8 * 3600 * 1000);
  const two = (n: number): string => (n < 10 ? '0' : '') + String(n);
  return (
    `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())} ` +
    `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`
  );
}

/** Hundredths of a point as "85" or "85.5". */
export function formatPoints(hundredths: number): string {
  const text = (hundredths / 100).toFixed(2);
  return text.replace(/\.?0+$/, '');
}

/** Basis points as "99.55%", or a dash where there is nobody to count. */
export function formatShare(basisPoints: number | null): string {
  return basisPoints === null ? '—' : (basisPoints / 100).toFixed(2) + '%';
}
