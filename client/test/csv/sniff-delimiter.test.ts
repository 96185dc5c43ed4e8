import { describe, expect, it } from 'vitest';
import { readRows } from '../../src/csv/index.ts';
import { inChunks } from '../support/csv-bytes.ts';

async function delimiterOf(text: string, chunk = 1000): Promise<string> {
  return (await readRows(inChunks(Buffer.from(text), chunk))).dialect.delimiter;
}

describe('sniffDelimiter', () => {
  it.each([
    ['commas', 'a,b\n1,2\n', ','],
    ['semicolons beside decimal commas', 'a;b\n1,5;2,5\n3,0;4\n', ';'],
    ['tabs', 'a\tb, c\n1\t2\n', '\t'],
    ['pipes', 'a|b|c\n1|2|3\n', '|'],
    ['one column', 'name\nx\n', ','],
    ['quoted text full of semicolons', 'a,b\n"x;y;z",1\n"p;q;r",2\n', ','],
    ['ragged rows: the one that splits the header', 'a;b;c\n1;2\n1,2\n', ';'],
    ['a header alone', 'a|b', '|'],
  ])('finds %s', async (_, text, delimiter) => {
    expect(await delimiterOf(text)).toBe(delimiter);
    expect(await delimiterOf(text, 1)).toBe(delimiter);
  });

  it('looks at the same bytes whatever the chunks', async () => {
    // Past the sample the rows would speak for semicolons.
    const text = `a,b;c\n${'1,2;3\n'.repeat(12_000)}${'1;2\n'.repeat(12_000)}`;
    const found = await Promise.all([7, 1000, 1 << 20].map((chunk) => delimiterOf(text, chunk)));
    expect(new Set(found).size).toBe(1);
  });

  it('finds its header when the first row is larger than the sample', async () => {
    expect(await delimiterOf(`${'a;'.repeat(50_000)}b\n`)).toBe(';');
  });

  it('gives way to the delimiter that was named, and refuses one that cannot be', async () => {
    const rows = await readRows(inChunks(Buffer.from('a~b;c\n'), 10), { delimiter: '~' });
    expect(rows.header).toEqual(['a', 'b;c']);
    for (const delimiter of ['"', '\n', '', 'ab', '§']) {
      await expect(readRows(inChunks(Buffer.from('a'), 10), { delimiter })).rejects.toMatchObject({
        code: 'usage-invalid',
      });
    }
  });
});
