/** What several pages show: the sentence of a failure, the choice of text size and language. */
import { ApiError } from '../shared/api';
import { lang, t } from '../shared/i18n';
import { setLang, setTextSize, textSize, type TextSize } from './state';

/** The sentence for a person, whatever went wrong. */
export function sentenceOf(e: unknown): string {
  return e instanceof ApiError ? e.message : t('networkDown');
}

const SIZES: TextSize[] = ['normal', 'large', 'huge'];

export function Tools() {
  return (
    <div class="tools">
      <label>
        <span class="quiet">{t('textSize')}</span>
        <select
          value={textSize.value}
          onChange={(e) => setTextSize(e.currentTarget.value as TextSize)}
        >
          {SIZES.map((size) => (
            <option key={size} value={size}>
              {t(size)}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        class="plain"
        lang={lang.value === 'zh' ? 'en' : 'zh-CN'}
        onClick={() => setLang(lang.value === 'zh' ? 'en' : 'zh')}
      >
        {lang.value === 'zh' ? 'English' : '中文'}
      </button>
    </div>
  );
}
