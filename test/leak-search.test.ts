import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { LeakSearch } from './support/leak-search.ts';
import { formsOf } from './support/needle-forms.ts';

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

  it('finds a raw key in its bytes, hex and base64 at each alignment', async () => {
    const key = Buffer.from('0102f3a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60', 'hex');
    const keys = new LeakSearch([key]);
    const long = (shift: number) => Buffer.concat([Buffer.alloc(shift, 'x'), key, noise]);
    for (const text of [
      key,
      ...[0, 1, 2].flatMap((shift) => [long(shift).toString('base64'), long(shift).toString('base64url')]),
      ...[long(1).toString('hex'), long(1).toString('hex').toUpperCase()],
    ]) {
      expect(await keys.search('test', Buffer.concat([noise, Buffer.from(text)]))).not.toHaveLength(0);
    }
  });

  it('finds a value at the very start and the very end, and several at once', async () => {
    const two = new LeakSearch(['first value', 'second value']);
    const hits = await two.search('test', Buffer.from('first value, then the second value'));
    expect(new Set(hits.map((hit) => hit.value))).toEqual(new Set([0, 1]));
    expect(await two.search('test', Buffer.from('first valu'))).toEqual([]);
  });

  it('finds nothing in what holds nothing', async () => {
    expect(await search.search('test', Buffer.concat([noise, gzipSync(noise), zstdCompressSync(noise)]))).toEqual([]);
  });

  it('refuses a value that would be found by chance', () => {
    expect(() => new LeakSearch(['ab'])).toThrow(/too short/);
  });
});
