// A real server and a real browser for the tests of the pages: keys, a release that two custodians
// signed, a small town of people, a server process on a free loopback port, and Chromium.
//
// MINGFA_BUILD names the build folder with bin/. The pages are clients/web/dist; they are built
// here when a source is newer. Nothing sleeps to synchronise: a start ends when the server has said
// that it listens. Everything lies in one temporary directory that close() removes.
import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, closeSync } from 'node:fs';
import { readdirSync, rmSync, statSync, writeFileSync, accessSync, constants } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WEB = join(ROOT, 'clients/web');
const BIN = join(process.env.MINGFA_BUILD || join(ROOT, 'build/release'), 'bin');
const CONTENT = join(ROOT, 'question-bank/content');
const START_S = 60;
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const require = createRequire(join(WEB, 'package.json'));
const { chromium } = require('playwright-core');
export const axeSource = () => readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const PASSWORD = 'correct horse battery';
export const ADMIN = '900001';
export const OFFICER = '100001';
/** Person number → name, unit, category. */
export const PEOPLE = {
  100001: ['陈立国', 'SF01', '领导干部'],
  100002: ['王秀兰', 'SF02', '公务员'],
  100003: ['李志强', 'SF02', '公务员'],
  100004: ['欧阳文静', 'SF02', '公务员'],
  100005: ['赵敏', 'SF02', '行政执法人员'],
  100006: ['周建国', 'SF02', '公务员'],
  100007: ['吴春燕', 'SF02', '公务员'],
  100008: ['孙丽', 'SF02', '公务员'],
  100009: ['马军', 'SF02', '公务员'],
  100010: ['刘洋', 'SF02', '事业单位人员'],
};
const UNITS = [
  ['SF', '明法示范区', ''],
  ['SF01', '区司法局', 'SF'],
  ['SF02', '水口镇人民政府', 'SF'],
];

const clean = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('MINGFA_')),
);
function tool(name, ...args) {
  return execFileSync(join(BIN, name), args, { env: clean, stdio: ['ignore', 'pipe', 'pipe'] });
}
const civil = (ms) => new Date(ms + 8 * 3600e3).toISOString().slice(0, 10);
const csv = (rows) => rows.map((row) => row.join(',')).join('\r\n') + '\r\n';

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

function newest(path, skip) {
  if (!statSync(path).isDirectory()) return statSync(path).mtimeMs;
  return Math.max(
    0,
    ...readdirSync(path)
      .filter((name) => !skip.includes(name))
      .map((name) => newest(join(path, name), [])),
  );
}
/** The built pages; built again when one of their sources is newer. */
export function pages() {
  const index = join(WEB, 'dist/index.html');
  const stale =
    !existsSync(index) || newest(WEB, ['node_modules', 'dist', 'tests']) > statSync(index).mtimeMs;
  if (stale) {
    const vite = join(WEB, 'node_modules/vite/bin/vite.js');
    execFileSync(process.execPath, [vite, 'build', '--logLevel', 'error'], {
      cwd: WEB,
      stdio: 'inherit',
    });
  }
  return join(WEB, 'dist');
}

/** Keys of three custodians (SM2 and Ed25519), a keyring of two in three, a release of two. */
function makeBank(state) {
  mkdirSync(join(state, 'keys'), { mode: 0o700 });
  mkdirSync(join(state, 'bank'), { mode: 0o700 });
  const today = civil(Date.now());
  const until = civil(Date.now() + 4 * 365 * 86400e3);
  const secret = (n) => join(state, `keys/custodian${n}.passphrase`);
  for (const [n, alg] of [
    [1, 'sm2'],
    [2, 'sm2'],
    [3, 'ed25519'],
  ]) {
    writeFileSync(secret(n), randomBytes(18).toString('hex') + '\n', { mode: 0o600 });
    tool('mingfa-bank', 'keygen', '--alg', alg, '--name', `保管人${n}`, '--role', 'custodian',
      '--valid-from', today, '--valid-to', until, '--passphrase-file', secret(n),
      '-o', join(state, `keys/custodian${n}`));
  }
  tool('mingfa-bank', 'keyring', 'add', '--keyring', join(state, 'keyring.json'), '--quorum', '2',
    ...[1, 2, 3].map((n) => join(state, `keys/custodian${n}.json`)));
  const release = join(state, 'bank/demo.mfbank');
  tool('mingfa-bank', 'release', '--bank', CONTENT, '--name', `样题库 ${today}`, '--created', today,
    '--law-date', today, '--secret-file', join(state, 'keys/bank-secret'), '--sample', '-o', release);
  for (const n of [1, 3])
    tool('mingfa-bank', 'sign', '--key', join(state, `keys/custodian${n}.pem`),
      '--passphrase-file', secret(n), release);
}

/** stem → { type, options, answer }, from the text files: the tests' own knowledge. */
export function answerKeys() {
  const keys = new Map();
  for (const name of readdirSync(CONTENT).filter((each) => each.endsWith('.txt'))) {
    const text = readFileSync(join(CONTENT, name), 'utf8');
    for (const block of text.split(/^(?=【编号】)/m).slice(1)) {
      const field = Object.fromEntries(
        Array.from(block.matchAll(/^【(.+?)】(.*)$/gm), (m) => [m[1], m[2]]),
      );
      const options = Array.from(block.matchAll(/^[A-H]\. (.*)$/gm), (m) => m[1]);
      keys.set(field['题干'], { type: field['题型'], options, answer: field['答案'] });
    }
  }
  return keys;
}
/** The value that earns full marks, over the options as shown. */
export function rightValue(item, keys) {
  const key = keys.get(item.stem);
  if (key.type === '判断题') return key.answer === '正确' ? 1 : 0;
  if (key.type === '填空题') return key.answer.split('｜')[0];
  const right = Array.from(key.answer, (letter) => key.options[letter.charCodeAt(0) - 65]);
  return item.options.reduce((mask, text, i) => (right.includes(text) ? mask | (1 << i) : mask), 0);
}

export class Refused extends Error {
  constructor(status, problem) {
    super(`${status}: ${problem.detail ?? JSON.stringify(problem)}`);
    this.status = status;
    this.problem = problem;
  }
}

/** One installation and, between start and stop, its process. */
export class Server {
  static async make({ config = {} } = {}) {
    const server = new Server();
    let base = tmpdir();
    try {
      accessSync('/dev/shm', constants.W_OK);
      base = '/dev/shm'; // these tests do not look at durability on a disk
    } catch {
      // the usual place, then
    }
    server.state = mkdtempSync(join(base, 'mingfa-browser-'));
    server.onExit = () => server.close();
    process.on('exit', server.onExit);
    makeBank(server.state);
    mkdirSync(join(server.state, 'data'), { mode: 0o700 });
    server.port = await freePort();
    server.url = `http://localhost:${server.port}`;
    server.configure(config);
    const made = tool('mingfa-server', '--config', join(server.state, 'server.json'), 'bootstrap',
      '--unit-code', UNITS[0][0], '--unit-name', UNITS[0][1], '--person', ADMIN,
      '--name', '系统管理员');
    server.bootstrapCode = JSON.parse(made).code;
    await server.start();
    await server.fill();
    return server;
  }

  configure(more) {
    writeFileSync(
      join(this.state, 'server.json'),
      JSON.stringify({
        listen: '127.0.0.1', port: this.port, loops: 2,
        data_dir: join(this.state, 'data'), bank_dir: join(this.state, 'bank'),
        keyring: join(this.state, 'keyring.json'), site_key_file: join(this.state, 'keys/site-key'),
        web_dir: pages(), hash_kib: 8192, hash_passes: 1, ...more,
      }),
    );
  }

  async start() {
    const out = join(this.state, 'server.out');
    writeFileSync(out, '');
    const stdout = openSync(out, 'a');
    const stderr = openSync(join(this.state, 'server.log'), 'a');
    this.process = spawn(join(BIN, 'mingfa-server'), ['--config', join(this.state, 'server.json')], {
      env: clean,
      stdio: ['ignore', stdout, stderr],
    });
    closeSync(stdout);
    closeSync(stderr);
    const end = Date.now() + START_S * 1000;
    while (!readFileSync(out, 'utf8').includes('"url"')) {
      if (this.process.exitCode !== null || Date.now() > end)
        throw new Error('the server did not start:\n' + this.log().slice(-4000));
      await pause(10);
    }
  }
  /** SIGTERM, or SIGKILL: the cable pulled. Only the process that this object started. */
  async stop(signal = 'SIGTERM') {
    const ended = once(this.process, 'exit');
    this.process.kill(signal);
    await ended;
    this.process = null;
  }
  log() {
    const file = join(this.state, 'server.log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** One request; the parsed answer, or Refused. */
  async call(token, method, path, body, type = 'application/json') {
    for (let tries = 0; ; tries++) {
      const reply = await fetch(this.url + '/api/v1' + path, {
        method,
        headers: {
          'Accept-Language': 'zh-CN',
          ...(token ? { Authorization: 'Bearer ' + token } : {}),
          ...(body === undefined ? {} : { 'Content-Type': type }),
        },
        body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
      });
      const text = await reply.text();
      if ([429, 503].includes(reply.status) && tries < 60) {
        await pause(250);
        continue;
      }
      const parsed = text === '' ? {} : JSON.parse(text);
      if (!reply.ok) throw new Refused(reply.status, parsed);
      return parsed;
    }
  }
  async activate(person, code, password = PASSWORD) {
    const login = await this.call(null, 'POST', '/activations', {
      person, code, new_password: password,
    });
    return login.token;
  }
  async login(person, password = PASSWORD) {
    return (await this.call(null, 'POST', '/logins', { person, password })).token;
  }
  /** A fresh activation code of a person. */
  async code(person) {
    const made = await this.call(this.admin, 'POST', '/activation-codes', { people: [person] });
    return made.codes[0].code;
  }

  async fill() {
    this.admin = await this.activate(ADMIN, this.bootstrapCode);
    const year = civil(Date.now()).slice(0, 4);
    const people = Object.entries(PEOPLE);
    await this.call(this.admin, 'POST', '/units/import',
      csv([['单位编码', '单位名称', '上级编码'], ...UNITS]), 'text/csv');
    await this.call(this.admin, 'POST', '/people/import',
      csv([
        ['人员编号', '姓名', '单位编码', '人员类别', '状态', '职务', '任职日期'],
        ...people.map(([number, [name, unit, category]]) =>
          [number, name, unit, category, '在册', '工作人员', '2020-01-02']),
      ]), 'text/csv');
    await this.call(this.admin, 'POST', '/hearings/import',
      csv([
        ['人员编号', '场次编号', '日期', '方式'],
        ['100002', `${year}-庭审-01`, `${year}-01-05`, '现场'],
        ['100003', `${year}-庭审-01`, `${year}-01-05`, '线上'],
      ]), 'text/csv');
    await this.call(this.admin, 'POST', `/people/${OFFICER}/roles`, { role: 'officer', unit: 'SF' });
    this.officer = await this.activate(OFFICER, await this.code(OFFICER));
  }

  /** An open exam; its id. cells: [type, area, count, points]. */
  async exam({ name, cells, windowMs = 3600e3, durationMs = 1800e3, startMs, ...more }) {
    const start = startMs ?? Date.now() - 1000;
    const year = Number(civil(Date.now()).slice(0, 4));
    const releases = await this.call(this.officer, 'GET', '/releases');
    const { exam } = await this.call(this.officer, 'POST', '/exams', {
      name: name ?? `${year}年度国家工作人员法治理论知识考试`,
      kind: 'annual', year,
      window_start_ms: start, window_end_ms: start + windowMs, duration_ms: durationMs,
      cut_off: civil(Date.now()), categories: [], release: releases.releases[0].digest,
      blueprint: {
        name: '测试卷',
        cells: cells.map(([type, area, count, points]) => ({
          type, area, difficulty: [1, 5], level: 0, audience: null, count, points,
        })),
        required: [], enemies: [], facility: null,
      },
      rules: {
        pass_mark: 6000,
        bands: [
          { name: '优秀', minimum: 9000 },
          { name: '良好', minimum: 8000 },
          { name: '合格', minimum: 6000 },
        ],
        multiple: 'all_or_nothing',
      },
      attempts: 2, counts: 'best', grace_ms: 5000, late_accept_ms: 2000, cut_at_window_end: true,
      review: 'after_close', document: `示范〔${year}〕1号`, ...more,
    });
    // Two people hold a share each; the administrator is an officer of everything too.
    const shares = [
      ['officer', this.officer, randomBytes(32)], ['custodian', this.admin, randomBytes(32)],
    ];
    for (const [which, holder, share] of shares) {
      const digest = createHash('sha256').update('mingfa/draw-share/v1').update(share).digest('hex');
      await this.call(holder, 'POST', `/exams/${exam}/shares`, { which, digest });
    }
    for (const [which, holder, share] of shares)
      await this.call(holder, 'PUT', `/exams/${exam}/shares`, {
        which, share: share.toString('hex'),
      });
    await this.call(this.officer, 'POST', `/exams/${exam}/open`, {});
    return exam;
  }

  close() {
    process.off('exit', this.onExit);
    if (this.process !== null && this.process.exitCode === null) this.process.kill('SIGKILL');
    this.process = null;
    rmSync(this.state, { recursive: true, force: true });
  }
}

/** Chromium without a window. */
export function browse(options = {}) {
  const executablePath = BROWSERS.find((path) => existsSync(path));
  if (executablePath === undefined) throw new Error('Chromium is missing: run scripts/install-deps');
  return chromium.launch({
    executablePath,
    args: [
      '--disable-gpu',
      '--disable-dev-shm-usage',
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
    ...options,
  });
}
