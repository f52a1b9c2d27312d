import { describe, expect, it } from 'vitest';
import {
  formatCountdown,
  formatPoints,
  formatShare,
  formatTime,
  ServerClock,
} from '../shared/clock';

describe('what the page shows of times and figures', () => {
  it('counts down in minutes, and in hours when there is one', () => {
    expect(formatCountdown(59 * 60000 + 7000)).toBe('59:07');
    expect(formatCountdown(3600000)).toBe('1:00:00');
    expect(formatCountdown(1)).toBe('00:01');
    expect(formatCountdown(-5)).toBe('00:00');
  });
  it('shows civil time at +08:00 whatever the zone of the device', () => {
    expect(formatTime(Date.UTC(2026, 10, 24, 16, 5))).toBe('2026-11-25 00:05');
  });
  it('shows hundredths without needless zeros', () => {
    expect(formatPoints(8500)).toBe('85');
    expect(formatPoints(8550)).toBe('85.5');
    expect(formatPoints(8533)).toBe('85.33');
    expect(formatPoints(0)).toBe('0');
    expect(formatPoints(10000)).toBe('100');
  });
  it('shows a dash where there is nobody to count', () => {
    expect(formatShare(9955)).toBe('99.55%');
    expect(formatShare(null)).toBe('—');
  });
});

describe('the server’s clock on this device', () => {
  let ticks = 0;
  const clock = (): ServerClock => new ServerClock(() => ticks);

  it('counts on by the device’s monotonic clock alone', () => {
    const c = clock();
    expect(c.known()).toBe(false);
    c.set(1_000_000, 40);
    ticks += 5000;
    expect(c.now()).toBe(1_005_020);
  });
  it('is not moved by a slow exchange that agrees with it', () => {
    const c = clock();
    c.set(1_000_000, 40);
    ticks += 10_000;
    c.set(1_000_100, 9_950);
    expect(c.now()).toBe(1_010_020);
  });
  it('takes the better of two exchanges', () => {
    const c = clock();
    c.set(1_000_000, 4000);
    ticks += 1000;
    c.set(1_002_900, 20);
    expect(c.now()).toBe(1_002_910);
  });
  it('follows the server after the device has slept', () => {
    const c = clock();
    c.set(1_000_000, 40);
    ticks += 1000; // ten minutes passed, but the counter stood still
    c.set(1_600_000, 300);
    expect(c.now()).toBe(1_600_150);
  });
});
