import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { hasTestData, testDataPath } from '../../../test/support/test-data.ts';
import { formatNumber, spreadsheetSafe } from '../../src/results/spreadsheet-safe.ts';

/** What a spreadsheet would see if any of the usual separators split the text. */
function cellsOf(text: string): string[] {
  return text.split(/[,;\t|\n\r]/).map((cell) => cell.replace(/^[\s"\u00a0]+/, ''));
}

const looksLikeFormula = (cell: string) =>
  /^[=+\-@]/.test(cell) && !/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?[\s%\])*]*$/.test(cell);

describe('texts of a server', () => {
  test.each([
    ['=1+1', "'=1+1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ["-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"],
    ['+cmd', "'+cmd"],
    ['\t=1', " '=1"],
    ['\r\n=1', "  '=1"],
    ['  =1', "  '=1"],
    ['a;=1', "a;'=1"],
    ['a,"=1"', 'a,"\'=1"'],
    ['\u200b=1', "\u200b'=1"],
    ['＝1', "'＝1"],
    ['DDE ("cmd";"/C calc")', '\'DDE ("cmd";"/C calc")'],
    ['-5-10', "'-5-10"],
    ['x\u0000\u001b[31my', 'x  [31my'],
    ['line\nbreak', 'line break'],
    ['\u202egnp.exe', ' gnp.exe'],
  ])('%j becomes %j', (text, safe) => {
    expect(spreadsheetSafe(text)).toBe(safe);
  });

  test.each([
    '-5',
    '+1.5',
    '-2.5e-3',
    '[20-30]',
    '[-5, -3)',
    '(-5,-3]',
    '*',
    '20-30',
    '2020-01-05',
    'Baden-Württemberg',
    '-12 %',
    '',
  ])('a generalized value stays: %j', (text) => {
    expect(spreadsheetSafe(text)).toBe(text);
  });

  test('nothing is neutralized twice', () => {
    for (const text of ['=1', 'a;=1;-x', '-5-10'])
      expect(spreadsheetSafe(spreadsheetSafe(text))).toBe(spreadsheetSafe(text));
  });

  test.skipIf(!hasTestData('json-csv-injection'))(
    'every published payload is harmless (shared data: json-csv-injection)',
    () => {
      const lines = readFileSync(
        testDataPath('json-csv-injection/PayloadsAllTheThings_CSV_Injection.md'),
        'utf8',
      ).split('\n');
      const payloads = lines
        .map((line) => line.trim())
        .filter((line) => /^[=+\-@]|^DDE/.test(line) && /[(|]/.test(line));
      expect(payloads.length).toBeGreaterThan(5);
      for (const prefix of ['', ' ', 'x;', 'x,', 'x|', '"', '\t', '\r', '\n', '\u00a0']) {
        for (const payload of payloads) {
          const cells = cellsOf(spreadsheetSafe(prefix + payload));
          expect(cells.filter(looksLikeFormula)).toEqual([]);
        }
      }
    },
  );
});

test('numbers have no exponent and no more places than asked for', () => {
  expect(formatNumber(0.1234567, 6)).toBe('0.123457');
  expect(formatNumber(1, 6)).toBe('1');
  expect(formatNumber(1e-9, 6)).toBe('0');
  expect(formatNumber(0.0000014, 6)).toBe('0.000001');
});
