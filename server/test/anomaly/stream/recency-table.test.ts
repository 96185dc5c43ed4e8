import { expect, test } from 'vitest';
import { MersenneTwister } from '../../../src/anomaly/forest/mersenne-twister.ts';
import { RecencyTable } from '../../../src/anomaly/stream/recency-table.ts';
import { tailThreshold } from '../../../src/anomaly/stream/tail-threshold.ts';
import { StateReader, StateWriter } from '../../../src/detectors/index.ts';

const form = { kind: 2, layout: 1 };

const hashes = (count: number, seed: number) => {
  const random = new MersenneTwister(seed);
  return Array.from({ length: count }, () => 1 + random.bits32() * 1_048_576 + (random.bits32() >>> 12));
};

test('keeps what is seen lately, with its numbers, and grows to its limit only', () => {
  const table = new RecencyTable(2, 1_024);
  const known = hashes(50, 1);
  const passing = hashes(20_000, 2);
  for (const [index, hash] of passing.entries()) {
    const own = known[index % known.length] as number;
    const at = table.at(own);
    table.numbers[at] = own;
    table.numbers[at + 1] = (table.numbers[at + 1] as number) + 1;
    table.numbers[table.at(hash)] = 7;
  }
  expect(table.numbers.length).toBe(2 * 1_024);
  for (const hash of known) {
    const at = table.at(hash);
    expect([table.numbers[at], table.numbers[at + 1]]).toEqual([hash, 400]);
  }
});

test('comes back from its bytes as it was', () => {
  const table = new RecencyTable(1, 256);
  for (const hash of hashes(5_000, 3)) table.numbers[table.at(hash)] = hash % 97;
  const bytesOf = (of: RecencyTable) => {
    const writer = new StateWriter(form);
    of.write(writer);
    return Buffer.from(writer.bytes());
  };
  const copy = new RecencyTable(1, 256);
  copy.read(new StateReader(bytesOf(table), form));
  for (const hash of hashes(5_000, 4)) expect(copy.at(hash)).toBe(table.at(hash));
  expect(bytesOf(copy).equals(bytesOf(table))).toBe(true);
});

test('the tail of scores is drawn out to where few lie', () => {
  const random = new MersenneTwister(5);
  const draw = (count: number) =>
    Float64Array.from({ length: count }, () => 0.4 - Math.log(1 - random.bits32() / 2 ** 32) / 40).sort();
  const threshold = tailThreshold(draw(4_096), 1e-4);
  const above = draw(1_000_000).filter((score) => score > threshold).length;
  expect(above).toBeGreaterThan(20);
  expect(above).toBeLessThan(500);
  const sorted = draw(1_000);
  expect(tailThreshold(sorted, 0.05)).toBe(sorted[950]);
  expect(tailThreshold(Float64Array.of(0.5, 0.5, 0.5), 1e-4)).toBe(0.5);
});
