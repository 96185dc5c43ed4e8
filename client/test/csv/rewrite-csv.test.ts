import { describe, expect, it } from 'vitest';
import { inColumn, rewriteBytes } from '../support/csv-bytes.ts';

const upper = (index: number) => inColumn(index, (value) => value.toUpperCase());

describe('rewriteCsv', () => {
  it('keeps byte order mark, quoting, mixed line ends, blank lines and a missing last line end', async () => {
    const input = '\ufeffa,b,"c"\r\n1,"x ""y"", z","3"\r\n\r\n2,yy,\n3,,""\r"4","q\nr",5';
    const expected = '\ufeffa,b,"c"\r\n1,"X ""Y"", Z","3"\r\n\r\n2,YY,\n3,,""\r"4","Q\nR",5';
    for (const chunk of [1, 2, 3, 5, 7, 1000]) {
      const { text, rows, header } = await rewriteBytes(input, upper(1), { chunk });
      expect({ text, rows, header }).toEqual({ text: expected, rows: 4, header: ['a', 'b', 'c'] });
    }
  });

  it('quotes an unquoted cell only if its new value needs it', async () => {
    const values = ['plain', 'a,b', 'say "x"', 'line\nend', 'cr\rhere', ' space ', 'semi;colon', '"'];
    const { text } = await rewriteBytes(
      `k,v\n${values.map((_, index) => `${index},x\n`).join('')}`,
      inColumn(1, (_, row) => values[row - 1]),
    );
    expect(text).toBe(
      'k,v\n0,plain\n1,"a,b"\n2,"say ""x"""\n3,"line\nend"\n4,"cr\rhere"\n5, space \n6,semi;colon\n7,""""\n',
    );
  });

  it('leaves empty cells alone, and those for which nothing is returned', async () => {
    const seen: string[] = [];
    const { text } = await rewriteBytes(
      'a,b\n1,\n2,""\n3,keep\n',
      inColumn(1, (value) => {
        seen.push(value);
        return undefined;
      }),
    );
    expect(seen).toEqual(['keep']);
    expect(text).toBe('a,b\n1,\n2,""\n3,keep\n');
  });

  it('numbers data rows from 1, blank lines not counted', async () => {
    const rows: number[] = [];
    await rewriteBytes(
      '\n\na,b\n\n1,x\n\n\n2,y\n',
      inColumn(0, (value, row) => {
        rows.push(row);
        return value;
      }),
    );
    expect(rows).toEqual([1, 2]);
  });

  it('keeps blank lines before the header, however many', async () => {
    const input = `\ufeff${'\r\n'.repeat(100_000)}a,b\r\n1,2\r\n`;
    const { bytes } = await rewriteBytes(input, upper(0), { chunk: 10_000 });
    expect(bytes.equals(Buffer.from(input))).toBe(true);
  });

  it.each([
    ['the first', [0], 'b,c,d\n2,3,4\n,,\n'],
    ['one in the middle', [1], 'a,c,d\n1,3,4\n,,\n'],
    ['the last', [3], 'a,b,c\n1,2,3\n,,\n'],
    ['the first two', [0, 1], 'c,d\n3,4\n,\n'],
    ['all but the third', [0, 1, 3], 'c\n3\n""\n'],
    ['all but the first', [1, 2, 3], 'a\n1\n""\n'],
  ])('drops %s of the columns', async (_, indexes, expected) => {
    const edits = indexes.map((index) => ({ index, replace: 'drop' as const }));
    expect((await rewriteBytes('a,b,c,d\n1,2,3,4\n,,,\n', { edits })).text).toBe(expected);
  });

  it('appends columns before each line end, in the format of the file', async () => {
    const append = {
      header: ['score', 'why'],
      cells: (row: { cell(index: number): string; row: number }) => [`${row.cell(0)}${row.row}`, 'x;"y"'],
    };
    expect((await rewriteBytes('a;b\r\n1;2\r\n\r\n3;4', { append })).text).toBe(
      'a;b;score;why\r\n1;2;11;"x;""y"""\r\n\r\n3;4;32;"x;""y"""',
    );
  });

  it('takes short rows if lenient, as they are; appended cells stand under their names all the same', async () => {
    const input = 'a,b,c\n1\n2,x\n';
    await expect(rewriteBytes(input, {})).rejects.toMatchObject({ code: 'csv-ragged', details: { row: 1 } });
    expect((await rewriteBytes(input, upper(1), { lenient: true })).text).toBe('a,b,c\n1\n2,X\n');
    const append = { header: ['d'], cells: () => ['z'] };
    expect((await rewriteBytes(input, { append }, { lenient: true })).text).toBe('a,b,c,d\n1,,,z\n2,x,,z\n');
  });

  it('refuses rows with too many cells even if lenient', async () => {
    const failing = rewriteBytes('a,b\n1,2\n3,4,5\n', {}, { lenient: true });
    await expect(failing).rejects.toMatchObject({ code: 'csv-ragged', details: { row: 2 } });
  });

  it.each([
    ['blanks before an opening quote', 'a,b\n1,2\n3, "5"\n', 2],
    ['text behind a closing quote', 'a,b\n1,"2"3\n', 1],
    ['a cell that is never closed', 'a,b\n1,"23\n', 1],
    ['a bad header', '"a"b,c\n1,2\n', undefined],
  ])('refuses %s', async (_, input, row) => {
    for (const chunk of [1, 1000]) {
      const error = await rewriteBytes(input, {}, { chunk }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'csv-quote' });
      expect((error as { details: { row?: number } }).details.row).toBe(row);
    }
  });

  it('takes a quote inside an unquoted cell as it is, and puts it back so when it restores', async () => {
    const input = 'size,b\n5" pipe,x\n';
    expect((await rewriteBytes(input, upper(1))).text).toBe('size,b\n5" pipe,X\n');
    expect((await rewriteBytes(input, upper(0))).text).toBe('size,b\n"5"" PIPE",x\n');
    expect((await rewriteBytes(input, { ...upper(0), restores: true })).text).toBe('size,b\n5" PIPE,x\n');
  });

  it('takes blanks before a quote as text if lenient, and puts them back', async () => {
    const input = 'size,b\n "5",x\n';
    expect((await rewriteBytes(input, { ...upper(0), restores: true }, { lenient: true })).text).toBe(input);
  });

  it('treats a line without bytes as an empty cell in a table of one column', async () => {
    const { rows, text } = await rewriteBytes('a\n1\n\r\n\r2\n\n', upper(0));
    expect({ rows, text }).toEqual({ rows: 5, text: 'a\n1\n\r\n\r2\n\n' });
  });

  it('refuses a file without anything in it', async () => {
    for (const input of ['', '\ufeff']) {
      await expect(rewriteBytes(input, {})).rejects.toMatchObject({ code: 'csv-empty' });
    }
  });

  it('copies a file of a header alone', async () => {
    expect(await rewriteBytes('a,b', upper(0))).toMatchObject({ text: 'a,b', rows: 0 });
  });

  it('passes NUL bytes on', async () => {
    expect((await rewriteBytes('a,b\n\0x,\0\n', upper(0))).text).toBe('a,b\n\0X,\0\n');
  });

  it('takes cells of several megabytes and stops at the limit', async () => {
    const huge = 'ü,"\n'.repeat(400_000).replaceAll('"', '""');
    const input = `a,b\n"${huge}",x\n1,y\n`;
    const { bytes } = await rewriteBytes(input, upper(1), { chunk: 65_536 });
    expect(bytes.equals(Buffer.from(`a,b\n"${huge}",X\n1,Y\n`))).toBe(true);
    for (const chunk of [1000, 1 << 20, 1 << 24]) {
      await expect(rewriteBytes(input, {}, { chunk, maxRowBytes: 1 << 20 })).rejects.toMatchObject({
        code: 'csv-cell-too-large',
        details: { row: 1 },
      });
    }
  });

  it('names the row of bytes that are not UTF-8', async () => {
    const input = Buffer.from('a,b\nü,1\nx,\xff\ny,2\n'.replace('ü', '\xc3\xbc'), 'latin1');
    for (const chunk of [1, 2, 3, 1000]) {
      await expect(rewriteBytes(input, {}, { chunk })).rejects.toMatchObject({
        code: 'csv-encoding',
        details: { row: 2 },
      });
    }
  });

  it('refuses UTF-8 that is cut off at the end', async () => {
    const cut = Buffer.from('a,b\n1,😀\n').subarray(0, -2);
    await expect(rewriteBytes(cut, {}, { chunk: 1 })).rejects.toMatchObject({ code: 'csv-encoding' });
  });

  it('stops with the reason of its signal', async () => {
    const reason = new Error('enough');
    await expect(rewriteBytes('a,b\n1,2\n', {}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('hands on what the sink throws', async () => {
    const { rewriteCsv } = await import('../../src/csv/index.ts');
    const failure = new Error('disk full');
    const source = (async function* () {
      yield Buffer.from('a\n1\n');
    })();
    const sink = { write: () => Promise.reject(failure) };
    await expect(rewriteCsv(source, sink, () => ({}))).rejects.toBe(failure);
  });
});
