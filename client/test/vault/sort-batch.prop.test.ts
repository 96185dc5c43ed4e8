import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Batch, BatchBuilder, newBatchBuffers } from '../../src/vault/batch.ts';
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
    expect(() => sortBatch({ ...batchOf([]), count: 2 ** 18 + 1 })).toThrow(RangeError);
  });

  test('an empty batch is empty', () => {
    expect(sortBatch(batchOf([]))).toHaveLength(0);
  });
});

describe('BatchBuilder', () => {
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
