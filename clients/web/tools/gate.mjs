// Reads the built chunks as an old phone would: syntax of ES2019, and none of the interfaces that
// browsers of that age lack (a bundler lowers syntax, never interfaces).
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'acorn';

const dist = new URL('../dist/', import.meta.url).pathname;
const denied = [
  '.at(',
  'structuredClone',
  '.replaceAll(',
  'Object.hasOwn(',
  'randomUUID',
  '.findLast(',
  '(?<=',
  '(?<!',
  'AbortSignal.timeout',
  'BroadcastChannel',
  'navigator.locks',
  '<dialog',
];
const files = readdirSync(dist, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.js'));
let failures = 0;
for (const name of files) {
  const text = readFileSync(join(dist, name), 'utf8');
  try {
    parse(text, { ecmaVersion: 2019, sourceType: name === 'sw.js' ? 'script' : 'module' });
  } catch (e) {
    console.error(`${name}: not ES2019: ${e.message}`);
    failures++;
  }
  for (const word of denied) {
    if (text.includes(word)) {
      console.error(`${name}: uses ${word}, which old browsers lack`);
      failures++;
    }
  }
}
if (files.length === 0) {
  console.error('nothing is built in dist/');
  failures++;
}
console.log(`${files.length} chunks read, ${failures} faults`);
process.exit(failures === 0 ? 0 : 1);
