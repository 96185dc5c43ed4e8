import { describe, expect, test } from 'vitest';
import { generalize } from '../../src/anonymization/index.ts';
import { encodeRows } from './encode.ts';

/** The text that covers all of these cells. */
function cover(...cells: string[]): string {
  const [column] = encodeRows(cells.map((cell) => [cell]));
  if (!column) throw new Error('no column');
  return generalize(
    column,
    [...new Set(column.codes)].sort((a, b) => a - b),
  );
}

describe('generalize', () => {
  test.each([
    ['a number stays itself', ['42', '42'], '42'],
    ['leading zeros stay', ['02139', '02139'], '02139'],
    ['a negative number can be no formula', ['-5', '-5'], '[-5]'],
    ['nor one with a plus sign', ['+5'], '[+5]'],
    ['numbers become a range', ['29', '20', '25'], '[20, 29]'],
    ['by value, not by text', ['9', '10', '-3'], '[-3, 10]'],
    ['dates become a range', ['1989-12-31', '1980-01-05'], '[1980-01-05, 1989-12-31]'],
    ['impossible dates are categories', ['1989-02-30', '1980-01-05'], '{1980-01-05, 1989-02-30}'],
    ['numbers too long to compare are categories', ['1234567890123456', '1'], '{1, 1234567890123456}'],
    ['categories are listed in order', ['b', 'a', 'b'], '{a, b}'],
    ['eight are listed', [...'hgfedcba'], '{a, b, c, d, e, f, g, h}'],
    ['nine are any', [...'ihgfedcba'], '*'],
    ['a long list is any', ['x'.repeat(200), 'y'.repeat(200)], '*'],
    ['a long text is any', ['x'.repeat(300)], '*'],
    ['a category stays itself', ['Zürich'], 'Zürich'],
    ['a formula is put in braces', ['=1+1'], '{=1+1}'],
    ['what looks like the notation is quoted', ['a, b', 'c'], '{"a, b", c}'],
    ['a star of its own is no suppression', ['*'], '{*}'],
    ['empty stays empty', ['', ''], ''],
    ['gaps are said', ['20', '', '29'], '[20, 29] or empty'],
    ['gaps beside one value', ['x', ''], 'x or empty'],
    ['gaps beside too many', ['', ...'ihgfedcba'], '*'],
    ['a text that ends like a gap', ['x or empty'], '{x or empty}'],
  ])('%s', (_, cells, expected) => {
    expect(cover(...cells)).toBe(expected);
  });
});
