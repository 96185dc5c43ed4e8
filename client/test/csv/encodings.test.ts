import { describe, expect, it } from 'vitest';
import { inColumn, readTable, rewriteBytes } from '../support/csv-bytes.ts';

const text = 'näme,b\r\n"Zoë, 😀",1\r\n"",2\r\nπ,3';
const upper = inColumn(0, (value) => value.toUpperCase());
const uppered = 'näme,b\r\n"ZOË, 😀",1\r\n"",2\r\nΠ,3';

function utf16(content: string, order: 'le' | 'be', mark: boolean): Buffer {
  const bytes = Buffer.from((mark ? '\ufeff' : '') + content, 'utf16le');
  return order === 'be' ? bytes.swap16() : bytes;
}

describe('encodings', () => {
  it.each(['le', 'be'] as const)('rewrites UTF-16%s, with the byte order mark to tell it', async (order) => {
    for (const chunk of [1, 2, 3, 5, 1000]) {
      const { bytes, dialect } = await rewriteBytes(utf16(text, order, true), upper, { chunk });
      expect(dialect).toEqual({ delimiter: ',', encoding: `utf-16${order}`, bom: true });
      expect(bytes.equals(utf16(uppered, order, true))).toBe(true);
    }
  });

  it('rewrites UTF-16 without a byte order mark when told', async () => {
    const { bytes } = await rewriteBytes(utf16(text, 'le', false), upper, { encoding: 'utf-16le' });
    expect(bytes.equals(utf16(uppered, 'le', false))).toBe(true);
  });

  it.each([
    ['a high surrogate alone', Buffer.from('a,b\n\ud83d,1\n', 'utf16le')],
    ['a low surrogate alone', Buffer.from('a,b\n\ude00,1\n', 'utf16le')],
    ['a high surrogate at the end', Buffer.from('a,b\n1,\ud83d', 'utf16le')],
    ['half a code unit at the end', Buffer.concat([Buffer.from('a,b\n1,2', 'utf16le'), Buffer.from('x')])],
  ])('refuses UTF-16 with %s', async (_, input) => {
    for (const chunk of [1, 1000]) {
      await expect(rewriteBytes(input, {}, { chunk, encoding: 'utf-16le' })).rejects.toMatchObject({
        code: 'csv-encoding',
      });
    }
  });

  it('refuses UTF-32', async () => {
    const bytes = Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]);
    await expect(readTable(bytes)).rejects.toMatchObject({ code: 'csv-encoding' });
  });

  it('rewrites Latin-1 when told, and takes no other file for it', async () => {
    const input = Buffer.from('n;b\nZo\xeb;1\n', 'latin1');
    await expect(readTable(input)).rejects.toMatchObject({ code: 'csv-encoding' });
    const { bytes } = await rewriteBytes(input, upper, { encoding: 'latin1' });
    expect(bytes.toString('latin1')).toBe('n;b\nZO\xcb;1\n');
  });

  it('refuses a value that Latin-1 cannot hold, naming the row', async () => {
    const failing = rewriteBytes(
      Buffer.from('a,b\nx,1\ny,2\n'),
      inColumn(0, (_, row) => (row === 2 ? '😀' : 'é')),
      { encoding: 'latin1' },
    );
    await expect(failing).rejects.toMatchObject({ code: 'csv-encoding', details: { row: 2 } });
  });
});
