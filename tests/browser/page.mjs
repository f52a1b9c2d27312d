// What a person does on the candidate's page, for the tests: log in, start, read, answer, hand in.
import { Server, browse, PASSWORD } from './rig.mjs';

export const PHONE = { width: 360, height: 740 };
const PATIENCE_MS = 15000;

/** A server and a browser for one test file; end() closes both. */
export async function world() {
  const server = await Server.make();
  const browser = await browse();
  return {
    server,
    browser,
    /** A browser of one's own: its own storage, its own device id. */
    async device(options = {}) {
      const context = await browser.newContext({
        viewport: PHONE,
        locale: 'zh-CN',
        timezoneId: 'Asia/Shanghai',
        ...options,
      });
      context.setDefaultTimeout(PATIENCE_MS);
      const page = await context.newPage();
      page.failures = [];
      page.on('pageerror', (e) => page.failures.push(String(e)));
      page.on('console', (message) => {
        if (/Content.Security.Policy/i.test(message.text())) page.failures.push(message.text());
      });
      return page;
    },
    async end() {
      await browser.close();
      server.close();
    },
  };
}

export const button = (page, name) => page.getByRole('button', { name, exact: true });

/** First log-in, by an activation code. */
export async function activate(page, server, person) {
  await page.goto(server.url);
  await page.getByLabel('人员编号').fill(person);
  await page.getByLabel('激活码').fill(await server.code(person));
  await page.getByLabel('设置登录密码').fill(PASSWORD);
  await page.getByLabel('再输入一次').fill(PASSWORD);
  await button(page, '激活并登录').click();
  await page.getByRole('heading', { name: '我的考试' }).waitFor();
}
/** Log-in by the password that was set before. */
export async function login(page, server, person) {
  if (!page.url().startsWith(server.url)) await page.goto(server.url);
  const tab = button(page, '密码登录');
  if ((await tab.getAttribute('aria-pressed')) !== 'true') await tab.click();
  await page.getByLabel('人员编号').fill(person);
  await page.getByLabel('密码', { exact: true }).fill(PASSWORD);
  await button(page, '登录').click();
}
/** From the list of exams to the first question. */
export async function begin(page, name) {
  const card = page.getByRole('listitem').filter({ hasText: name });
  await card.getByRole('link', { name: '进入考试' }).click();
  await page.getByRole('heading', { name: '考试须知' }).waitFor();
  await button(page, '开始考试').click();
  await page.locator('#question').waitFor();
  return page.url().split('/').pop();
}

/** The question that is shown: its number from 0, type, text and options. */
export async function question(page) {
  return page.evaluate(() => {
    const section = document.getElementById('question');
    const words = section.querySelector('h1 .quiet').textContent;
    const types = { 单选题: 'single', 多选题: 'multiple', 判断题: 'true_false', 填空题: 'fill_in' };
    return {
      index: Number(words.match(/第 (\d+) 题/)[1]) - 1,
      type: types[Object.keys(types).find((each) => words.includes(each))],
      stem: section.querySelector('.stem').textContent,
      options: Array.from(section.querySelectorAll('.option > span:last-child'), (e) => e.textContent),
    };
  });
}
/** Chooses a value on the page as a finger would. */
export async function choose(page, item, value) {
  if (item.type === 'fill_in') return page.locator('#question input[type=text]').fill(value);
  if (item.type === 'true_false') return page.locator('.option').nth(value === 1 ? 0 : 1).click();
  for (let i = 0; i < item.options.length; i++)
    if ((value >> i) & 1) await page.locator('.option').nth(i).click();
}
export const state = (page, name) => page.locator(`.state[data-state=${name}]`);
export const stored = (page) => state(page, 'stored').waitFor();
export const banner = (page, text) => page.locator('#banner', { hasText: text }).waitFor();
export async function next(page) {
  await button(page, '下一题').click();
}
/** Goes to a question by the answer sheet. */
export async function jump(page, index) {
  await page.locator('#question').waitFor();
  const toggle = page.locator('.sheet-toggle');
  if ((await toggle.isVisible()) && (await toggle.getAttribute('aria-expanded')) === 'false')
    await toggle.click();
  await page.locator('.sheet .cell').nth(index).click();
  await page.locator('#question h1', { hasText: `第 ${index + 1} 题` }).waitFor();
}
/** Nothing reaches over the edge of the screen. */
export async function overflow(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    return Array.from(document.querySelectorAll('body *'))
      .filter((e) => !e.closest('.sr, .skip'))
      .filter((e) => e.getBoundingClientRect().right > width + 1)
      .map((e) => `${e.tagName}.${e.className} ${Math.round(e.getBoundingClientRect().right)}`);
  });
}
