import { afterEach, expect, it } from 'vitest';
import { isChosen, valueAfter } from '../candidate/session';
import { lang, t } from '../shared/i18n';
import type { PaperItem } from '../shared/api';

afterEach(() => (lang.value = 'zh'));

it('speaks Chinese by default and English when asked', () => {
  expect(t('questionOf', 3, 80)).toBe('第 3 题，共 80 题');
  lang.value = 'en';
  expect(t('questionOf', 3, 80)).toBe('Question 3 of 80');
});

const item = (type: PaperItem['type']): PaperItem => ({
  type,
  stem: '',
  options: ['a', 'b', 'c'],
  points: 100,
});

it('turns taps into masks over the shown options', () => {
  expect(valueAfter(item('single'), 1, 2)).toBe(4);
  expect(valueAfter(item('multiple'), 1, 2)).toBe(5);
  expect(valueAfter(item('multiple'), 4, 2)).toBe(null);
  expect(valueAfter(item('true_false'), null, 0)).toBe(1);
  expect(valueAfter(item('true_false'), null, 1)).toBe(0);
});

it('tells a false that was chosen from nothing chosen', () => {
  expect(isChosen(item('true_false'), 0, 1)).toBe(true);
  expect(isChosen(item('true_false'), null, 1)).toBe(false);
  expect(isChosen(item('multiple'), 5, 1)).toBe(false);
});
