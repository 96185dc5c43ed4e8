import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowScanner, type RowScannerOptions } from '../../src/csv/row-scanner.ts';
import { utf8FromUtf16 } from '../../src/csv/text-encoding.ts';
import { inChunks } from '../support/csv-bytes.ts';

const options: RowScannerOptions = { delimiter: 0x2c, encoding: 'utf-8', lenient: false, maxRowBytes: 200 };

/**
 * All rows as cells, and the code and row of the error that ended it, if any. Unlike the readers built on it, which
 * take in a sample first, the scanner sees the chunks as they are.
 */
function scan(bytes: Uint8Array, sizes: readonly number[], { blankLinesAreRows = false, ...more } = {}) {
  const scanner = new RowScanner({ ...options, ...more }, 16);
  scanner.blankLinesAreRows = blankLinesAreRows;
  const rows: string[][] = [];
  let error: unknown;
  try {
    let offset = 0;
    for (let turn = 0; offset < bytes.length; turn++) {
      const size = sizes[turn % sizes.length] as number;
      scanner.push(bytes.subarray(offset, offset + size));
      offset += size;
      while (scanner.next()) rows.push(scanner.cells());
    }
    scanner.finish();
    while (scanner.next()) rows.push(scanner.cells());
  } catch (thrown) {
    const { code, details } = thrown as { code: string; details: { row?: number } };
    error = [code, details.row];
  }
  return { rows, error };
}

const whole = [1 << 20];
const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 });
const csvText = fc.string({
  unit: fc.constantFrom('a', ',', '"', '\n', '\r', '\r\n', 'é', '😀', ' ', '""', '","'),
  maxLength: 60,
});

describe('RowScanner', () => {
  it('finds the same rows, or the same error, at every chunking', () => {
    fc.assert(
      fc.property(csvText, sizes, fc.boolean(), (text, chunks, blankLinesAreRows) => {
        const bytes = Buffer.from(text);
        expect(scan(bytes, chunks, { blankLinesAreRows })).toEqual(scan(bytes, whole, { blankLinesAreRows }));
      }),
      { numRuns: 5_000 },
    );
  });

  it('finds the same invalid row in bytes that are not UTF-8, at every chunking', () => {
    const bytesWithRows = fc
      .array(fc.constantFrom(0x61, 0x2c, 0x0a, 0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80, 0xff), { maxLength: 40 })
      .map((bytes) => Uint8Array.from(bytes));
    fc.assert(
      fc.property(bytesWithRows, sizes, (bytes, chunks) => {
        expect(scan(bytes, chunks)).toEqual(scan(bytes, whole));
      }),
      { numRuns: 5_000 },
    );
  });

  it('counts CR, LF and CRLF as one line end each, cut wherever', () => {
    const bytes = Buffer.from('a\r\n\r\n\r\rb\n\nc');
    for (const size of [1, 2, 3, 100]) {
      expect(scan(bytes, [size], { blankLinesAreRows: true }).rows).toEqual([
        ['a'],
        [''],
        [''],
        [''],
        ['b'],
        [''],
        ['c'],
      ]);
      expect(scan(bytes, [size]).rows).toEqual([['a'], ['b'], ['c']]);
    }
  });

  it('stops at a row over the limit, and only there', () => {
    const row = `${'x'.repeat(99)},${'y'.repeat(100)}`;
    for (const size of [1, 7, 1000]) {
      expect(scan(Buffer.from(`h\n${row}\nz`), [size]).rows.length).toBe(3);
      expect(scan(Buffer.from(`h\n${row}y\nz`), [size]).error).toEqual(['csv-cell-too-large', 1]);
    }
  });

  it('hands out a row once as many bytes again have arrived, wherever in the file', () => {
    const scanner = new RowScanner({ ...options, maxRowBytes: 1 << 20 });
    scanner.push(Buffer.from(`h\n${'x\n'.repeat(5_000)}cut off`));
    while (scanner.next());
    expect(scanner.rowNumber).toBe(5_001);
    scanner.push(Buffer.from(' here\nand more'));
    expect(scanner.next()).toBe(true);
    expect(scanner.cells()).toEqual(['cut off here']);
  });

  it('takes time in proportion to the size of a cell, not to its square', () => {
    const scanner = new RowScanner({ ...options, maxRowBytes: 1 << 26 });
    let scans = 0;
    const chunk = Buffer.alloc(1024, 'x');
    scanner.push(Buffer.from('h\n"'));
    expect(scanner.next()).toBe(true);
    for (let count = 0; count < 4096; count++) {
      scanner.push(chunk);
      // Without a sentinel behind the data the scanner has not looked at it.
      scanner.bytes[scanner.end] = 0;
      expect(scanner.next()).toBe(false);
      if (scanner.bytes[scanner.end] === 0x0a) scans++;
    }
    expect(scans).toBeLessThan(30);
  });
});

describe('utf8FromUtf16', () => {
  it.each(['utf-16le', 'utf-16be'] as const)('translates %s at every chunking', async (encoding) => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary', maxLength: 20 }),
        fc.integer({ min: 1, max: 5 }),
        async (text, size) => {
          const bytes = Buffer.from(text, 'utf16le');
          if (encoding === 'utf-16be') bytes.swap16();
          const parts: Buffer[] = [];
          for await (const part of utf8FromUtf16(inChunks(bytes, size), encoding)) parts.push(Buffer.from(part));
          expect(Buffer.concat(parts).toString('utf8')).toBe(text);
        },
      ),
      { numRuns: 500 },
    );
  });
});
