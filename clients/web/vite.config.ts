import { createHash } from 'node:crypto';
import { defineConfig, type Plugin } from 'vite';

/** Writes sw.js: the service worker with the list of files it keeps, named by their contents. */
function serviceWorker(): Plugin {
  return {
    name: 'mingfa-service-worker',
    apply: 'build',
    generateBundle(_options, bundle) {
      const files = Object.keys(bundle)
        .filter((name) => !name.endsWith('.map'))
        .map((name) => '/' + name)
        .sort();
      const version = createHash('sha256').update(files.join('\n')).digest('hex').slice(0, 16);
      const list = JSON.stringify(['/', ...files.filter((name) => name !== '/index.html')]);
      this.emitFile({
        type: 'asset',
        fileName: 'sw.js',
        source: `var CACHE = 'mingfa-${version}';
var FILES = ${list};
self.addEventListener('install', function (event) {
  event.waitUntil(caches.open(CACHE).then(function (cache) { return cache.addAll(FILES); }).then(function () { return self.skipWaiting(); }));
});
self.addEventListener('activate', function (event) {
  event.waitUntil(caches.keys().then(function (names) {
    return Promise.all(names.filter(function (name) { return name !== CACHE; }).map(function (name) { return caches.delete(name); }));
  }).then(function () { return self.clients.claim(); }));
});
self.addEventListener('fetch', function (event) {
  var url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== self.location.origin || url.pathname.indexOf('/api/') === 0) return;
  if (event.request.mode === 'navigate') {
    event.respondWith(fetch(event.request).catch(function () { return caches.match('/'); }));
    return;
  }
  event.respondWith(caches.match(event.request).then(function (hit) { return hit || fetch(event.request); }));
});
`,
      });
    },
  };
}

export default defineConfig({
  root: 'candidate',
  base: '/',
  publicDir: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    target: ['es2019', 'chrome86', 'safari13'],
    cssTarget: ['chrome86', 'safari13'],
    modulePreload: false,
    sourcemap: false,
  },
  plugins: [serviceWorker()],
  test: {
    root: '.',
    environment: 'happy-dom',
    include: ['tests/**/*.test.ts', 'tests/**/*.test.tsx'],
  },
} as Parameters<typeof defineConfig>[0]);
