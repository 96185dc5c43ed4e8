import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { formsOf, LeakSearch } from './support/leak-search.ts';

const value = 'Zoë "Canary" O’Leak +1 555 0100';
const noise = Buffer.from('something before ');
const search = new LeakSearch([value]);

describe('leak search', () => {
  it.each(formsOf(value))('finds the value as $form', async ({ bytes }) => {
    expect(await search.search('test', Buffer.concat([noise, bytes, noise]))).not.toHaveLength(0);
  });

  it.each([0, 1, 2, 3, 4, 5])('finds it in base64 of a longer text, %i bytes in', async (shift) => {
    const text = Buffer.concat([Buffer.alloc(shift, 'x'), Buffer.from(value), Buffer.from('tail')]);
    expect(await search.search('test', Buffer.from(text.toString('base64')))).not.toHaveLength(0);
    expect(await search.search('test', Buffer.from(text.toString('base64url')))).not.toHaveLength(0);
  });

  it('finds it inside gzip and zstd streams that stand in the middle of other bytes, even cut off', async () => {
    const long = Buffer.from(`${value} ${'filler '.repeat(2000)}${Math.PI}`);
    for (const packed of [gzipSync(long), zstdCompressSync(long)]) {
      expect(await search.search('test', Buffer.concat([noise, packed, noise]))).not.toHaveLength(0);
    }
    expect(await search.search('test', Buffer.concat([noise, gzipSync(long).subarray(0, -9)]))).not.toHaveLength(0);
  });

  it('finds nothing in what holds nothing', async () => {
    expect(await search.search('test', Buffer.concat([noise, gzipSync(noise), zstdCompressSync(noise)]))).toEqual([]);
  });

  it('refuses a value that would be found by chance', () => {
    expect(() => new LeakSearch(['ab'])).toThrow(/too short/);
  });
});
