import { describe, expect, it } from 'vitest';
import { formatCountdown, formatPoints, formatShare, formatTime } from '../shared/clock';

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
