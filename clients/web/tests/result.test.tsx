import { render } from 'preact';
import { afterEach, expect, it, vi } from 'vitest';
import { citationText, ResultPage, ReviewPage } from '../candidate/result';
import { api, me } from '../candidate/state';
import type { Coverage, CoverageCounts, Result, ReviewItem } from '../shared/api';

afterEach(() => {
  render(null, document.body);
  me.value = null;
  vi.restoreAllMocks();
});

const counts = (over: Partial<CoverageCounts>): CoverageCounts => ({
  expected: 9,
  exempted: 0,
  sat: 1,
  passed: 1,
  pending: 0,
  deferred: 0,
  missing: 8,
  attended: 2,
  integrated: 1,
  participation: 1111,
  pass_rate: 10000,
  coverage: 1111,
  integrated_coverage: 1111,
  ...over,
});

/** The unit's figures as the page shows them: name → number. */
async function figures(total: CoverageCounts): Promise<Record<string, string>> {
  const result: Result = {
    session: 's',
    state: 'graded',
    attempt: 1,
    score: { points: 9000, points_max: 10000, passed: true, band: '优秀', pending: false },
    head: '00',
    closed_ms: 0,
    unit: 'SF02',
  };
  const coverage: Coverage = {
    exam: 'e',
    as_of_ms: 0,
    closed: false,
    formula: '应考 = 实考 + 待定 + 缓考 + 未考',
    rows: [{ unit: 'SF02', name: '水口镇人民政府', level: 0, own: total, total }],
  };
  me.value = {
    person: '100002',
    name: '王秀兰',
    unit: 'SF02',
    unit_name: '水口镇人民政府',
    category: '公务员',
    roles: [],
    server_time_ms: 0,
  };
  vi.spyOn(api, 'result').mockResolvedValue(result);
  vi.spyOn(api, 'coverage').mockResolvedValue(coverage);
  render(<ResultPage exam="e" id="s" />, document.body);
  await vi.waitFor(() => expect(document.querySelector('.grid')).not.toBeNull());
  return Object.fromEntries(
    Array.from(document.querySelectorAll('.grid > div'), (each) => [
      each.querySelector('dt')?.textContent ?? '',
      each.querySelector('dd')?.textContent ?? '',
    ]),
  );
}

it('shows 待定, 缓考 and 免考 of the unit where there are any, so that the sum is in sight', async () => {
  const shown = await figures(counts({ pending: 2, deferred: 1, exempted: 3, missing: 5 }));
  expect(shown).toMatchObject({ 待定: '2', 缓考: '1', '免考（不计入应考）': '3', 未考: '5' });
  const sum = ['实考', '待定', '缓考', '未考'].reduce((n, name) => n + Number(shown[name]), 0);
  expect(sum).toBe(Number(shown['应考']));
});

it('does not name what is rare where it is 0', async () => {
  const shown = await figures(counts({}));
  expect(Object.keys(shown)).toEqual([
    '应考',
    '实考',
    '合格',
    '未考',
    '参考率',
    '合格率',
    '覆盖率',
    '一体化覆盖率',
  ]);
});

it('cites articles without the digest of their text', async () => {
  expect(citationText('《中华人民共和国宪法》第八十九条第十八项@7625306bd1d0a8a1')).toBe(
    '《中华人民共和国宪法》第八十九条第十八项',
  );
  const review: { items: ReviewItem[] } = {
    items: [
      {
        type: 'true_false',
        stem: '题干',
        options: [],
        points: 100,
        award: 100,
        value: 1,
        answer: 1,
        explanation: '解析',
        citations: ['《甲法》第一条@7625306bd1d0a8a1', '《乙法》第二条之一@00112233445566ff'],
      },
    ],
  };
  vi.spyOn(api, 'review').mockResolvedValue(review);
  render(<ReviewPage id="s" />, document.body);
  await vi.waitFor(() => expect(document.querySelector('.review')).not.toBeNull());
  expect(document.body.textContent).toContain('依据：《甲法》第一条；《乙法》第二条之一');
  expect(document.body.textContent).not.toContain('@');
});
