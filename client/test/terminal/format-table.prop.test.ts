import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatTable } from '../../src/terminal/format-table.ts';
import { textWidth, wrapText } from '../../src/terminal/text-width.ts';

const texts = fc.string({ unit: fc.constantFrom('a', 'B', '7', ' ', '姓', 'é', 'e\u0301', '-', '_'), maxLength: 60 });

describe('wrapText', () => {
  test('keeps every character but spaces, in lines that fit', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 2, max: 30 }), (text, width) => {
        const lines = wrapText(text, width);
        for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(width);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
      }),
    );
  });

  test('breaks behind a space where there is one', () => {
    expect(wrapText('the name says so; 57 % of them', 17)).toEqual(['the name says so;', '57 % of them']);
    expect(wrapText('tok_5dd7f02522d3863154c33255d790a856', 20)).toEqual(['tok_5dd7f02522d38631', '54c33255d790a856']);
  });
});

describe('a table on a narrow terminal', () => {
  const table = {
    columns: ['column', 'method', 'before', 'after', 'cells'],
    rows: [
      ['customer_identification_number', 'token', 'C0000001', 'tok_5dd7f02522d3863154c33255d790a856', 1_000],
      ['顧客の名前', 'email', 'samuel.ibrahim.0@example.com', 'tok_0c831d3e63d243ef@email.invalid', 7],
    ],
  };

  test('fits, and nothing is lost', () => {
    const lines = formatTable(table, 80).split('\n');
    for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(80);
    expect(lines.join('\n')).toMatchInlineSnapshot(`
      "column                method  before                after                 cells
      ────────────────────  ──────  ────────────────────  ────────────────────  ─────
      customer_identificat  token   C0000001              tok_5dd7f02522d38631  1,000
      ion_number                                          54c33255d790a856
      顧客の名前            email   samuel.ibrahim.0@exa  tok_0c831d3e63d243ef      7
                                    mple.com              @email.invalid"
    `);
  });

  test('is as wide as it likes elsewhere', () => {
    expect(formatTable(table).split('\n')).toHaveLength(4);
    expect(formatTable(table, 200)).toBe(formatTable(table));
  });
});
