// A candidate sits a whole exam on the page, in a real browser against the real server: everything
// that may go wrong on the way goes wrong, and nothing is lost.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { activate, banner, begin, button, choose, jump, login, next } from './page.mjs';
import { overflow, question, state, stored, world } from './page.mjs';
import { answerKeys, rightValue } from './rig.mjs';

const NAME = '年度法治理论知识考试（整卷）';
const SHORT = '年度法治理论知识考试（短卷）';
const keys = answerKeys();
let w;
let server;

before(async () => {
  w = await world();
  server = w.server;
  await server.exam({
    name: NAME,
    cells: [
      ['single', '宪法', 4, 1000],
      ['multiple', '行政法', 2, 1500],
      ['true_false', '宪法', 2, 500],
      ['fill_in', '行政法', 2, 1000],
    ],
  });
  await server.exam({
    name: SHORT,
    cells: [
      ['single', '宪法', 1, 4000],
      ['multiple', '行政法', 1, 4000],
      ['true_false', '宪法', 1, 2000],
    ],
  });
});
after(() => w?.end());

async function answerRight(page) {
  const item = await question(page);
  const value = rightValue(item, keys);
  await choose(page, item, value);
  return [item.index, value];
}
/** What the server holds of the session, by item. */
async function held(person, session) {
  const token = await server.login(person);
  const { responses } = await server.call(token, 'GET', '/sessions/' + session);
  return Object.fromEntries(responses.map((r) => [r.item, r.value]));
}
/** What this browser keeps of unsent answers, as its database has it. */
function kept(page, session) {
  return page.evaluate(
    (id) =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open('mingfa');
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const all = opening.result.transaction('unsent').objectStore('unsent').getAllKeys();
          all.onsuccess = () => {
            opening.result.close();
            resolve(all.result.filter((key) => key.startsWith(id)).length);
          };
        };
      }),
    session,
  );
}

test('a whole exam on a telephone, with every mishap, loses nothing', { timeout: 80000 }, async () => {
  const person = '100002';
  const page = await w.device();
  const given = {};
  const answer = async () => {
    const [index, value] = await answerRight(page);
    given[index] = value;
    return index;
  };
  await activate(page, server, person);
  const session = await begin(page, NAME);

  // "Stored" is the server's word: nothing says so while the save is held up …
  let release;
  const held1 = new Promise((resolve) => (release = resolve));
  await page.route('**/responses', async (route) => {
    await held1;
    await route.continue();
  });
  await answer();
  await state(page, 'unsent').filter({ hasText: '正在上传' }).waitFor();
  assert.equal(await state(page, 'stored').count(), 0);
  assert.deepEqual(await held(person, session), {});
  release();
  await stored(page);
  assert.deepEqual(await held(person, session), given);
  await page.unroute('**/responses');

  // … or while it fails.
  await next(page);
  await page.route('**/responses', (route) => route.abort());
  await answer();
  await state(page, 'unsent').filter({ hasText: '未上传' }).waitFor();
  await banner(page, '1 题保存在本机');
  assert.equal(await state(page, 'stored').count(), 0);
  assert.equal(await kept(page, session), 1);
  await page.unroute('**/responses');
  await stored(page);

  // A mark, a change of mind, back and forth; then a reload in the middle.
  await next(page);
  const third = await answer();
  await button(page, '标记待查').click();
  await button(page, '上一题').click();
  await next(page);
  await stored(page);
  await page.reload();
  await page.locator('#question h1', { hasText: `第 ${third + 1} 题` }).waitFor();
  await button(page, '⚑ 取消标记').waitFor();
  await stored(page);
  assert.equal(await page.locator('.sheet .cell.answered').count(), 3);
  assert.equal(await page.locator('.sheet .cell.marked').count(), 1);

  // No network; and a reload without one.
  await page.context().setOffline(true);
  for (const index of [3, 4]) {
    await jump(page, index);
    await answer();
  }
  await banner(page, '网络中断。可继续作答，2 题保存在本机');
  await state(page, 'unsent').filter({ hasText: '未上传' }).waitFor();
  assert.equal(await kept(page, session), 2);
  await page.reload();
  await banner(page, '2 题保存在本机');
  assert.equal(await page.locator('.sheet .cell.answered').count(), 5);
  assert.equal(await page.locator('.sheet .cell.unsent').count(), 2);
  await jump(page, 5);
  await answer();
  await banner(page, '3 题保存在本机');
  await page.context().setOffline(false);
  await banner(page, '全部作答已保存到服务器');
  assert.equal(await kept(page, session), 0);
  assert.deepEqual(await held(person, session), given);

  // The server dies, and comes back; then once more in good order.
  await server.stop('SIGKILL');
  await next(page);
  await answer();
  await banner(page, '1 题保存在本机');
  await server.start();
  await banner(page, '全部作答已保存到服务器');
  await stored(page);
  await server.stop('SIGTERM');
  await next(page);
  await answer();
  await state(page, 'unsent').waitFor();
  await server.start();
  await stored(page);

  // Text is saved as it is typed, and a reload finds it.
  await next(page);
  await answer();
  await stored(page);
  await page.reload();
  await stored(page);
  assert.equal(await page.locator('#question input').inputValue(), given[8]);

  // Handing in names what is missing and what is marked.
  await button(page, '交卷').click();
  const dialog = page.getByRole('dialog', { name: '确认交卷' });
  await dialog.getByText('还有 1 题未答').waitFor();
  await dialog.getByText('还有 1 题标记待查').waitFor();
  assert.deepEqual(await dialog.locator('.warning .numbers button').allInnerTexts(), ['10']);
  await dialog.getByRole('button', { name: '继续作答', exact: true }).click();
  assert.equal(await dialog.count(), 0);
  await button(page, '交卷').click();
  await dialog.getByRole('button', { name: '转到第 3 题' }).click();
  await page.locator('#question h1', { hasText: '第 3 题' }).waitFor();
  await button(page, '⚑ 取消标记').click();
  await button(page, '交卷').click();
  await dialog.getByRole('button', { name: '确认交卷' }).click();

  // 9 of 10 right: 90 points, 优秀, and the unit's figures.
  await page.getByRole('heading', { name: '考试成绩' }).waitFor();
  assert.equal(await page.locator('.points .number').innerText(), '90');
  await page.getByText('✓ 合格').waitFor();
  await page.getByText('等次：优秀').waitFor();
  await page.getByRole('heading', { name: '水口镇人民政府' }).waitFor();
  const figures = await page.locator('.grid').evaluate((list) =>
    Object.fromEntries(
      Array.from(list.children, (each) => [each.children[0].innerText, each.children[1].innerText]),
    ),
  );
  assert.equal(figures['应考'], '9');
  assert.equal(figures['实考'], '1');
  assert.equal(figures['合格'], '1');
  assert.equal(figures['未考'], '8');
  assert.equal(figures['覆盖率'], '11.11%');
  assert.equal(figures['一体化覆盖率'], '11.11%');
  assert.deepEqual(await held(person, session), given);
  assert.equal(Object.keys(given).length, 9);

  // The paper is closed for good: the address of the sitting leads to the result.
  await page.goto(`${server.url}/#/session/${session}`);
  await page.getByRole('heading', { name: '考试成绩' }).waitFor();
  assert.deepEqual(page.failures, []);
  await page.context().close();
});

test('the keyboard alone is enough', { timeout: 40000 }, async () => {
  const person = '100003';
  const page = await w.device({ viewport: { width: 1280, height: 800 } });
  const press = (...all) => all.reduce((p, key) => p.then(() => page.keyboard.press(key)), Promise.resolve());
  const focused = () =>
    page.evaluate(() => {
      const e = document.activeElement;
      return e.getAttribute('aria-label') || e.innerText || e.labels?.[0]?.innerText || e.tagName;
    });
  const tabTo = async (pattern) => {
    for (let i = 0; i < 40; i++) {
      if (pattern.test(await focused())) return;
      await press('Tab');
    }
    assert.fail(`the Tab key never reached ${pattern}`);
  };
  await page.goto(server.url);
  await page.getByLabel('人员编号').waitFor();
  const type = async (label, text) => {
    await tabTo(label);
    await page.keyboard.type(text);
  };
  await type(/^人员编号/, person);
  await type(/^激活码/, await server.code(person));
  await type(/^设置登录密码/, 'correct horse battery');
  await type(/^再输入一次/, 'correct horse battery');
  await press('Enter');
  await page.getByRole('heading', { name: '我的考试' }).waitFor();
  const enter = page.getByRole('listitem').filter({ hasText: SHORT }).getByRole('link');
  for (let i = 0; i < 40 && !(await enter.evaluate((e) => e === document.activeElement)); i++)
    await press('Tab');
  await press('Enter');
  await page.getByRole('heading', { name: '考试须知' }).waitFor();
  await tabTo(/^开始考试$/);
  // The focus can be seen.
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineWidth);
  assert.ok(parseFloat(outline) >= 2, outline);
  await press('Enter');
  await page.locator('#question').waitFor();
  const session = page.url().split('/').pop();
  const given = {};
  for (let n = 0; n < 3; n++) {
    await page.locator('#question h1', { hasText: `第 ${n + 1} 题` }).waitFor();
    const item = await question(page);
    const value = rightValue(item, keys);
    given[n] = value;
    if (item.type === 'true_false') await press(value === 1 ? 'a' : 'b');
    else for (let i = 0; i < item.options.length; i++) if ((value >> i) & 1) await press('abcdefgh'[i]);
    await stored(page);
    if (n === 1) await press('m', 'm');
    if (n < 2) await press('ArrowRight');
  }
  await press('ArrowLeft');
  await page.locator('#question h1', { hasText: '第 2 题' }).waitFor();
  // Radios and boxes answer to the usual keys too: space unticks and ticks again.
  await tabTo(/^A/);
  await press('Space', 'Space');
  await stored(page);
  await tabTo(/^交卷$/);
  await press('Enter');
  const dialog = page.getByRole('dialog', { name: '确认交卷' });
  await dialog.waitFor();
  // The focus stays in the dialog, Escape closes it and gives the focus back.
  for (let i = 0; i < 8; i++) {
    await press('Tab');
    assert.ok(await dialog.evaluate((e) => e.contains(document.activeElement)));
  }
  await press('Escape');
  assert.equal(await dialog.count(), 0);
  assert.equal(await focused(), '交卷');
  await press('Enter');
  await tabTo(/^确认交卷$/);
  await press('Tab');
  await tabTo(/^确认交卷$/);
  await press('Enter');
  await page.getByRole('heading', { name: '考试成绩' }).waitFor();
  assert.equal(await page.locator('.points .number').innerText(), '100');
  assert.deepEqual(await held(person, session), given);
  assert.deepEqual(page.failures, []);
  await page.context().close();
});

test('a login that ended asks to log in again, and what was answered is sent', { timeout: 30000 }, async () => {
  const person = '100004';
  const page = await w.device();
  await activate(page, server, person);
  const session = await begin(page, SHORT);
  await page.context().setOffline(true);
  const [index, value] = await answerRight(page);
  await banner(page, '1 题保存在本机');
  const token = await page.evaluate(() => JSON.parse(localStorage.getItem('mingfa.login')).token);
  await server.call(token, 'DELETE', '/logins/current');
  await page.context().setOffline(false);
  await page.getByText('登录已失效，请重新登录').waitFor();
  await login(page, server, person);
  await stored(page);
  assert.deepEqual(await held(person, session), { [index]: value });
  assert.deepEqual(page.failures, []);
  await page.context().close();
});

test('a page that another device displaced says so, and can take over', { timeout: 30000 }, async () => {
  const person = '100005';
  const first = await w.device();
  await activate(first, server, person);
  const session = await begin(first, SHORT);
  const given = {};
  const take = async (page) => {
    const [index, value] = await answerRight(page);
    given[index] = value;
  };
  await take(first);
  await stored(first);

  const second = await w.device();
  await login(second, server, person);
  await second.getByRole('link', { name: '继续作答' }).click();
  await stored(second);
  await jump(second, 1);
  await take(second);
  await stored(second);

  await jump(first, 2);
  await take(first); // kept; the answer tells the page that it was displaced
  await first.getByRole('heading', { name: '已在另一台设备上作答' }).waitFor();
  assert.equal(await first.locator('#question').count(), 0);
  assert.deepEqual(await held(person, session), given);
  await button(first, '改在本机作答').click();
  await jump(first, 1);
  await stored(first); // what the other device had answered
  assert.deepEqual(await held(person, session), given);

  await button(second, '交卷').click();
  await second.getByRole('button', { name: '确认交卷' }).click();
  await second.getByRole('heading', { name: '已在另一台设备上作答' }).waitFor();
  await button(first, '交卷').click();
  await first.getByRole('button', { name: '确认交卷' }).click();
  await first.getByRole('heading', { name: '考试成绩' }).waitFor();
  assert.equal(await first.locator('.points .number').innerText(), '100');
  await first.context().close();
  await second.context().close();
});

test('the countdown follows the server’s clock, whatever the device believes', { timeout: 30000 }, async () => {
  const person = '100006';
  const page = await w.device({ timezoneId: 'America/New_York' });
  await page.addInitScript(() => {
    const Real = Date;
    const off = 5 * 3600e3 + 1234567;
    globalThis.Date = class extends Real {
      constructor(...args) {
        if (args.length === 0) super(Real.now() + off);
        else super(...args);
      }
      static now() {
        return Real.now() + off;
      }
    };
  });
  await activate(page, server, person);
  const session = await begin(page, SHORT);
  const token = await server.login(person);
  const seconds = async () => {
    const text = await page.locator('.timer b').innerText();
    return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  };
  const agrees = async () => {
    const told = await server.call(token, 'GET', '/sessions/' + session);
    const left = (told.deadline_ms - told.server_time_ms) / 1000;
    assert.ok(Math.abs((await seconds()) - left) < 3, `${await seconds()} s shown, ${left} s left`);
  };
  await agrees();
  // A reply that comes four seconds late does not move it.
  await page.route('**/responses', async (route) => {
    const reply = await route.fetch();
    await new Promise((resolve) => setTimeout(resolve, 4000));
    await route.fulfill({ response: reply });
  });
  await answerRight(page);
  await stored(page);
  await agrees();
  // Civil times are those at +08:00.
  await page.goto(server.url + '/#/exams');
  const exams = await server.call(token, 'GET', '/me/exams');
  const { name, window_start_ms, window_end_ms } = exams.exams[0];
  const civil = (ms) => new Date(ms + 8 * 3600e3).toISOString().slice(0, 16).replace('T', ' ');
  const [starts, ends] = [civil(window_start_ms), civil(window_end_ms)];
  const shown = starts.slice(0, 10) === ends.slice(0, 10) ? ends.slice(11) : ends;
  const terms = page.getByRole('listitem').filter({ hasText: name }).locator('.facts');
  await terms.getByText(`${starts} 至 ${shown}`).waitFor();
  assert.deepEqual(page.failures, []);
  await page.context().close();
});

test('large type fits a small telephone', { timeout: 40000 }, async () => {
  const page = await w.device();
  const double = async () => {
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Page.setFontSizes', { fontSizes: { standard: 32, fixed: 26 } });
  };
  await double();
  await page.goto(server.url);
  await page.getByLabel('人员编号').waitFor();
  const size = await page.evaluate(() => parseFloat(getComputedStyle(document.body).fontSize));
  assert.ok(size >= 32, `the browser’s own type size is followed: ${size}`);
  assert.deepEqual(await overflow(page), []);
  await activate(page, server, '100007');
  assert.deepEqual(await overflow(page), []);
  await begin(page, SHORT);
  assert.deepEqual(await overflow(page), []);
  await page.locator('.sheet-toggle').click();
  assert.deepEqual(await overflow(page), []);
  await button(page, '交卷').click();
  assert.deepEqual(await overflow(page), []);
  await page.getByRole('button', { name: '确认交卷' }).click();
  await page.getByRole('heading', { name: '考试成绩' }).waitFor();
  await page.locator('.grid').waitFor();
  assert.deepEqual(await overflow(page), []);
  await page.context().close();
});
