import { randomFillSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Batch, BatchBuilder, batchCapacity, largeBatchCapacity, newBatchBuffers } from '../../src/vault/batch.ts';
import { digestBytes } from '../../src/vault/format.ts';
import { type BatchUse, plainUse } from '../../src/vault/namespace-use.ts';
import { sortBatch } from '../../src/vault/sort-batch.ts';

const buffers = newBatchBuffers();

interface Entry {
  readonly value: string;
  /** 40 hex digits: token and tail. */
  readonly digest: string;
}

function batchOf(entries: readonly Entry[]): Batch {
  const builder = new BatchBuilder('n', buffers);
  for (const { value, digest } of entries) builder.add(value, digest);
  return builder.take();
}

// Few different bytes at the places that the sort key takes, so that equal prefixes are common.
const byte = fc.constantFrom('00', '01', '7f', '80', 'ff');
const token = fc
  .tuple(fc.array(byte, { minLength: 4, maxLength: 4 }), fc.array(byte, { minLength: 12, maxLength: 12 }))
  .map(([head, rest]) => [...head, ...rest].join(''));

describe('sortBatch', () => {
  test('gives each token once, in order', () => {
    fc.assert(
      fc.property(fc.array(token, { maxLength: 300 }), (tokens) => {
        // The value follows from the token here, so that equal tokens mean equal values.
        const entries = tokens.map((text) => ({ value: `value of ${text}`, digest: `${text}00000000` }));
        const order = sortBatch(batchOf(entries));
        const sorted = Array.from(order, (position) => tokens[position]);
        expect(sorted).toEqual([...new Set(tokens)].sort());
      }),
    );
  });

  test('tells two values with one token from a repetition, wherever they stand', () => {
    fc.assert(
      fc.property(fc.array(token, { minLength: 1, maxLength: 50 }), fc.nat(), fc.boolean(), (tokens, pick, longer) => {
        const entries = tokens.map((text) => ({ value: text, digest: `${text}00000000` }));
        const twin = tokens[pick % tokens.length] ?? '';
        const other = { value: longer ? `${twin}x` : twin.replace(/^./, 'z'), digest: `${twin}00000000` };
        expect(() => sortBatch(batchOf([...entries, other]))).toThrow(
          expect.objectContaining({ code: 'token-collision' }),
        );
      }),
    );
  });

  test('refuses more values than positions fit beside the sort key', () => {
    expect(() => sortBatch({ ...batchOf([]), count: largeBatchCapacity + 1 })).toThrow(RangeError);
  });

  test('puts a batch of a large namespace in order up to its last position', () => {
    const builder = new BatchBuilder('n', newBatchBuffers(), undefined, undefined, true);
    const digests = Buffer.alloc(largeBatchCapacity * digestBytes);
    randomFillSync(digests);
    const digestAt = (i: number) => digests.toString('hex', i * digestBytes, (i + 1) * digestBytes);
    for (let i = 0; i < largeBatchCapacity; i++) {
      if (builder.isFull) throw new Error(`full at ${i}`);
      builder.add('v', digestAt(i));
    }
    expect(builder.isFull).toBe(true);
    const order = sortBatch(builder.take());
    expect(new Set(order).size).toBe(largeBatchCapacity);
    let previous = '';
    let ascending = 0;
    for (const position of order) {
      const digest = digestAt(position);
      if (digest > previous) ascending += 1;
      previous = digest;
    }
    expect(ascending).toBe(largeBatchCapacity);
  });

  test('an empty batch is empty', () => {
    expect(sortBatch(batchOf([]))).toHaveLength(0);
  });
});

describe('BatchBuilder', () => {
  test.each<[string, number, Partial<BatchUse>, boolean]>([
    ['for tokens', batchCapacity, {}, false],
    ['for a large namespace', largeBatchCapacity, {}, true],
    ['that somebody follows', batchCapacity, { canonical: 'trim' }, true],
  ])('is full in good time: %s', (_, capacity, use, isLarge) => {
    const follower = use.canonical === undefined ? undefined : { written: () => undefined };
    const builder = new BatchBuilder('n', newBatchBuffers(), { ...plainUse, ...use }, follower, isLarge);
    const digest = '0'.repeat(40);
    for (let i = 1; i < capacity; i++) builder.add('v', digest);
    expect(builder.isFull).toBe(false);
    builder.add('v', digest);
    expect(builder.isFull).toBe(true);
  });

  test('copies what was added last, whatever its characters and however long', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', minLength: 1 }), { minLength: 1 }), (values) => {
        const builder = new BatchBuilder('n', newBatchBuffers());
        for (const value of values.map((text) => text.toWellFormed())) {
          builder.add(value, '0'.repeat(40));
          expect(builder.copyOfLast()).toBe(value);
        }
      }),
      { numRuns: 20 },
    );
    const builder = new BatchBuilder('n', newBatchBuffers());
    const long = 'ä'.repeat(9_000_000);
    builder.add('first', '0'.repeat(40));
    expect(builder.isFull).toBe(false);
    builder.add(long, '0'.repeat(40));
    expect(builder.copyOfLast() === long).toBe(true);
    expect(builder.isFull).toBe(true);
  });
});
