/** Cells of one column that were taken as a sample, without blanks around them. */
export interface ColumnSample {
  /** As the header names it; `undefined` in a table without one. */
  readonly name?: string;
  /** Cells in order of their rows, empty ones included, so that columns of one table can be compared row by row. */
  readonly cells: readonly string[];
}

/** Cells that stand for nothing. */
const nothing = new Set([
  '',
  '-',
  '--',
  'null',
  'none',
  'nan',
  'na',
  'n/a',
  '#n/a',
  'nil',
  'undefined',
  '\\n',
  '?',
  'k.a.',
  'unknown',
]);

/** Counts over a sample that several judgements need. */
export interface SampleFacts {
  readonly filled: number;
  /** Different values, in order of appearance. */
  readonly values: readonly string[];
  /** Share of different values among the filled cells. */
  readonly uniqueness: number;
  /** Share of values that have letters; that are numbers (integers; any); words and characters of a value on average. */
  readonly withLetters: number;
  readonly withDigits: number;
  readonly integers: number;
  readonly numbers: number;
  readonly meanWords: number;
  readonly meanLength: number;
  /** Share of the different values that fit. */
  share(fits: (value: string) => boolean): number;
}

export function factsOf(cells: readonly string[]): SampleFacts {
  const kept = cells.filter((cell) => !nothing.has(cell.toLowerCase()));
  const values = [...new Set(kept)];
  const count = Math.max(1, values.length);
  const share = (fits: (value: string) => boolean) => values.filter(fits).length / count;
  return {
    filled: kept.length,
    values,
    uniqueness: values.length / Math.max(1, kept.length),
    withLetters: share((value) => /\p{L}/u.test(value)),
    withDigits: share((value) => /\p{N}/u.test(value)),
    integers: share((value) => /^[+-]?\d+$/.test(value)),
    numbers: share((value) =>
      /^[+-]?[$€£]?\s?\d{1,3}(?:[.,\s]?\d{3})*(?:[.,]\d+)?\s?[%€$£]?$|^[+-]?\d*[.,]?\d+(?:e[+-]?\d+)?$/i.test(value),
    ),
    meanWords: values.reduce((sum, value) => sum + wordsIn(value), 0) / count,
    meanLength: values.reduce((sum, value) => sum + value.length, 0) / count,
    share,
  };
}

/** Words between blanks; where none are written, every three signs count as one. */
function wordsIn(value: string): number {
  const unspaced = value.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu)?.length ?? 0;
  return unspaced > value.length / 2 ? Math.ceil(unspaced / 3) : (value.match(/\S+/g)?.length ?? 0);
}
