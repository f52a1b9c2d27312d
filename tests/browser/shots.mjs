// Pictures of every page and state of the candidate's page, for people to look at: narrow and wide,
// light and dark, Chinese, and some in English and in large type. With each, what axe-core finds.
//
//   MINGFA_BUILD=build/release node tests/browser/shots.mjs DIRECTORY [PART-OF-A-NAME]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { activate, banner, begin, button, choose, jump, login, question, stored } from './page.mjs';
import { overflow, state, world } from './page.mjs';
import { answerKeys, axeSource, rightValue } from './rig.mjs';

const [directory, only = ''] = process.argv.slice(2);
if (directory === undefined) {
  console.error('usage: shots.mjs DIRECTORY [PART-OF-A-NAME]');
  process.exit(2);
}
mkdirSync(directory, { recursive: true });
const LOOKS = [
  ['360-light', { viewport: { width: 360, height: 740 }, colorScheme: 'light' }],
  ['360-dark', { viewport: { width: 360, height: 740 }, colorScheme: 'dark' }],
  ['1280-light', { viewport: { width: 1280, height: 800 }, colorScheme: 'light' }],
  ['1280-dark', { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' }],
];
const keys = answerKeys();
const w = await world();
const { server } = w;
let faults = 0;

/** The page as it stands, in all four looks. */
async function shot(page, name) {
  if (!name.includes(only)) return;
  for (const [look, { viewport, colorScheme }] of LOOKS) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    await page.waitForTimeout(200); // transitions of colour
    await page.screenshot({ path: join(directory, `${name}-${look}.png`), fullPage: true });
    const wide = await overflow(page);
    const small = await page.evaluate(() =>
      Array.from(document.querySelectorAll('button, a.button, select, .option'))
        .filter((e) => e.getClientRects().length > 0)
        .filter((e) => e.getBoundingClientRect().height < 43.5)
        .map((e) => `small target ${e.className} ${e.innerText}`),
    );
    await page.evaluate(axeSource());
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    const said = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 120)).join(' | ')}`);
    for (const line of [...wide, ...small, ...said]) {
      console.log(`${name}-${look}: ${line}`);
      faults++;
    }
  }
  await page.setViewportSize(LOOKS[0][1].viewport);
}
const right = async (page) => {
  const item = await question(page);
  await choose(page, item, rightValue(item, keys));
};
const wrong = async (page) => {
  const item = await question(page);
  const value = rightValue(item, keys);
  if (item.type === 'fill_in') return choose(page, item, '不清楚');
  if (item.type === 'true_false') return choose(page, item, 1 - value);
  return choose(page, item, value === 1 ? 2 : 1);
};
const AREAS = ['宪法', '行政法', '国家安全', '履职'];
const FULL = '2026年度国家工作人员法治理论知识考试';
const MOCK = '新提任领导干部任前法治理论知识资格考试（模拟）';
const START = Date.now();
await server.exam({
  name: FULL, startMs: START,
  cells: [
    ...AREAS.map((area) => ['single', area, 10, 100]),
    ...AREAS.slice(0, 4).map((area) => ['multiple', area, 5, 150]),
    ...AREAS.map((area) => ['true_false', area, 4, 125]),
    ['fill_in', '行政法', 2, 500],
  ],
});
await server.exam({
  name: MOCK, startMs: START,
  cells: [['single', '宪法', 1, 4000], ['multiple', '行政法', 1, 2000], ['true_false', '宪法', 2, 2000]],
});
await server.exam({
  name: '习近平法治思想专题学习测试', startMs: Date.now() + 86400e3, cells: [['single', '宪法', 2, 5000]],
});

// Nobody is logged in.
let page = await w.device();
await page.goto(server.url);
await page.getByLabel('激活码').waitFor();
await shot(page, '01-first-login');
await page.getByLabel('人员编号').fill('100002');
await page.getByLabel('激活码').fill('AAAA-BBBB-CCCC');
await page.getByLabel('设置登录密码').fill('1234567890a');
await page.getByLabel('再输入一次').fill('1234567890b');
await button(page, '激活并登录').click();
await page.locator('.error').waitFor();
await shot(page, '02-passwords-differ');
await page.getByLabel('再输入一次').fill('1234567890a');
await button(page, '激活并登录').click();
await page.getByText('密码不一致').waitFor({ state: 'detached' });
await page.locator('.error').waitFor();
await shot(page, '03-code-wrong');
await button(page, '密码登录').click();
await page.getByLabel('密码', { exact: true }).fill('not the password');
await button(page, '登录').click();
await page.locator('.error').waitFor();
await shot(page, '04-login-wrong');

// Exams.
await page.evaluate(() => localStorage.clear());
await page.reload();
await activate(page, server, '100002');
await page.locator('.exam').first().waitFor();
await shot(page, '05-my-exams');
await page.goto(server.url + '/#/nothing/here');
await shot(page, '06-not-found');
await page.goto(server.url + '/#/exam/00000000-0000-7000-8000-000000000000');
await page.getByText('没有找到这场考试').waitFor();
await shot(page, '07-not-my-exam');
await page.goto(server.url + '/#/session/00000000-0000-7000-8000-000000000000');
await page.locator('.error').waitFor();
await shot(page, '08-not-my-session');
await page.goto(server.url + '/#/exams');
await page.getByRole('listitem').filter({ hasText: FULL }).getByRole('link', { name: '进入考试' }).click();
await page.getByRole('heading', { name: '考试须知' }).waitFor();
await shot(page, '09-instructions');
await page.goto(server.url + '/#/exams');
const session = await begin(page, FULL);
await banner(page, '每题作答后自动上传');
await shot(page, '10-paper-single');
await right(page);
await stored(page);
await shot(page, '11-paper-single-stored');
await jump(page, 40);
await right(page);
await stored(page);
await shot(page, '12-paper-multiple');
await jump(page, 60);
await right(page);
await stored(page);
await shot(page, '13-paper-true-false');
await jump(page, 76);
await right(page);
await stored(page);
await shot(page, '14-paper-fill-in');
await jump(page, 4);
await page.route('**/responses', () => undefined);
await right(page);
await state(page, 'unsent').waitFor();
await shot(page, '15-sending');
await page.unroute('**/responses');
await page.reload();
await stored(page);
await page.context().setOffline(true);
await jump(page, 5);
await right(page);
await button(page, '标记待查').click();
await banner(page, '网络中断');
await shot(page, '16-offline');
await page.locator('.sheet-toggle').click();
await shot(page, '17-sheet');
await page.locator('.sheet-toggle').click();
await button(page, '交卷').click();
await page.getByRole('dialog').waitFor();
await shot(page, '18-hand-in');
await page.getByRole('button', { name: '确认交卷' }).click();
await page.locator('.panel .error').waitFor();
await shot(page, '19-hand-in-offline');
await page.keyboard.press('Escape');
await page.context().setOffline(false);
await banner(page, '全部作答已保存');

// What officers do, and other devices.
const token = await server.login('100002');
await server.call(server.officer, 'POST', `/sessions/${session}/suspension`, { reason: '考场停电' });
await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
await banner(page, '暂停');
await shot(page, '20-suspended');
await server.call(server.officer, 'POST', `/sessions/${session}/resumption`, { reason: '来电' });
await server.call(server.officer, 'POST', `/sessions/${session}/extra-time`, { ms: 600000, reason: '考场停电' });
await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
await page.getByText('延长').waitFor();
await shot(page, '21-extra-time');
await server.call(token, 'POST', `/sessions/${session}/open`, { device: '0'.repeat(32) });
await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
await page.locator('#displaced').waitFor();
await shot(page, '22-displaced');
await button(page, '改在本机作答').click();
await page.locator('#question').waitFor();
await page.selectOption('.tools select', 'huge');
await shot(page, '23-huge-type');
await page.selectOption('.tools select', 'normal');
await button(page, 'English').click();
await shot(page, '24-english-paper');
await button(page, '中文').click();
await server.call(token, 'DELETE', '/logins/current');
const own = await page.evaluate(() => JSON.parse(localStorage.getItem('mingfa.login')).token);
await server.call(own, 'DELETE', '/logins/current');
await jump(page, 6);
await right(page);
await page.getByText('登录已失效').waitFor();
await shot(page, '25-login-ended');
await login(page, server, '100002');
await stored(page);
await button(page, '交卷').click();
await page.getByRole('button', { name: '确认交卷' }).click();
await page.locator('.grid').waitFor();
await shot(page, '26-result-failed');

// A mock of four questions: all answered, passed, and the list afterwards.
await page.goto(server.url + '/#/exams');
await begin(page, MOCK);
for (let i = 0; i < 4; i++) {
  await jump(page, i);
  if (i === 1) await wrong(page);
  else await right(page);
  await stored(page);
}
await button(page, '交卷').click();
await page.getByText('全部 4 题均已作答').waitFor();
await shot(page, '27-hand-in-complete');
await page.getByRole('button', { name: '确认交卷' }).click();
await page.locator('.grid').waitFor();
await page.locator('summary').click();
await shot(page, '28-result-passed');
await page.getByRole('link', { name: '查看答案与解析' }).click();
await page.locator('.notice').waitFor();
await shot(page, '29-review-not-yet');
await page.getByRole('link', { name: '返回' }).click();
await page.locator('.exam').first().waitFor();
await shot(page, '30-my-exams-after');
await button(page, 'English').click();
await shot(page, '31-my-exams-english');
await button(page, '中文').click();
const exams = await server.call(server.officer, 'GET', '/exams');
for (const exam of exams.exams.filter((each) => each.definition.name === MOCK))
  await server.call(server.officer, 'POST', `/exams/${exam.exam}/close`, {});
await page.reload();
await page.getByRole('listitem').filter({ hasText: MOCK }).getByRole('link', { name: '查看成绩' }).click();
await page.getByRole('link', { name: '查看答案与解析' }).click();
await page.locator('.review').first().waitFor();
await shot(page, '32-review');
await page.goto(server.url + '/#/exams');
await page.locator('.exam').first().waitFor();
await server.stop();
await page.reload();
await page.locator('.error').waitFor();
await shot(page, '33-no-server');
await server.start();
await button(page, '重新加载').click();
await page.locator('.exam').first().waitFor();
await page.context().close();

// Nothing is assigned; time is up.
page = await w.device();
await page.route('**/me/exams', async (route) => {
  const reply = await route.fetch();
  await route.fulfill({ response: reply, json: { ...(await reply.json()), exams: [] } });
});
await activate(page, server, '100003');
await shot(page, '34-my-exams-empty');
await page.context().close();
await server.exam({
  name: '限时测试', durationMs: 60e3, windowMs: 12e3, grace_ms: 3000, cells: [['single', '宪法', 2, 5000]],
});
page = await w.device();
await activate(page, server, '100004');
await begin(page, '限时测试');
await right(page);
await shot(page, '35-last-minutes');
await banner(page, '考试时间到');
await shot(page, '36-time-up');
await page.locator('.grid').waitFor();
await shot(page, '37-result-timed-out');

await w.end();
console.log(`${faults} faults; pictures in ${directory}`);
