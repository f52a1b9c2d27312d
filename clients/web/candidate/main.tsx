import { render } from 'preact';
import { App } from './app';
import { initState } from './state';
import './style.css';

initState();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
if ('serviceWorker' in navigator && import.meta.env.PROD) {
  navigator.serviceWorker.register('/sw.js').catch(() => undefined);
}
