/** Signs with which a spreadsheet starts a formula, in the widths and the typography that some take for the same. */
const formulaSigns = '=+\\-@\\uff1d\\uff0b\\uff0d\\uff20\\u2212\\u2013';
/** Where one cell may become two: separators of other locales and quotes, and the start. */
const cellStart = '(?:^|[,;|"])';
/** What a spreadsheet skips before it looks for a formula; control characters are spaces by then. */
const skipped = '[\\s\\u00a0\\u200b-\\u200f\\u2060\\ufeff]*';
/** A signed number, as generalized values have it: `-5`, `[-5, -3)`, `-2.5e-3 %`. No formula comes of it. */
const plainNumber = '[+-]?\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d{1,3})?\\s?[%\\])*]*\\s*(?=$|[,;|"])';

const formula = new RegExp(`(${cellStart}${skipped})(?!${plainNumber})(?=[${formulaSigns}]|DDE\\s*\\()`, 'giu');
const control = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Makes a server's text harmless in a cell: control characters, line ends among them, and characters that reorder text
 * become spaces, and an apostrophe goes before whatever a spreadsheet could take for a formula, at the start and after
 * separators that another locale might split at. Numbers with a sign stay as they are.
 */
export function spreadsheetSafe(text: string): string {
  return text.toWellFormed().replace(control, ' ').replace(formula, "$1'");
}

/** A number as people and spreadsheets read it: a point, at most `decimals` places, no exponent. */
export function formatNumber(value: number, decimals: number): string {
  return String(Number(value.toFixed(decimals))).includes('e')
    ? value.toFixed(decimals)
    : String(Number(value.toFixed(decimals)));
}
