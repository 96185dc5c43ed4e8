import { murmur2 as reference } from '@platformatic/kafka';
import { describe, expect, it } from 'vitest';
import { murmur2, partitionOf } from '../../src/bus/partitioner.ts';

describe('the partition of a key', () => {
  // From the tests of Apache Kafka's own clients (UtilsTest.testMurmur2).
  it.each([
    ['21', -973_932_308],
    ['foobar', -790_332_482],
    ['a-little-bit-long-string', -985_981_536],
    ['a-little-bit-longer-string', -1_486_304_829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
  ])('hashes %s as Kafka does', (key, hash) => {
    expect(murmur2(Buffer.from(key)) | 0).toBe(hash);
  });

  it('agrees with the client library for every length and byte', () => {
    for (let length = 0; length < 40; length++) {
      const bytes = Buffer.from(Array.from({ length }, (_, i) => (i * 97 + length * 31) % 256));
      expect(murmur2(bytes) | 0, `${length} bytes`).toBe(reference(bytes));
    }
  });

  it('stays within the partitions and uses them all', () => {
    const used = new Set(Array.from({ length: 1_000 }, (_, i) => partitionOf(`ключ-${i}`, 7)));
    expect([...used].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});
