import { InputError } from '@sdp/shared/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { itemRate } from '../../src/http/index.ts';
import { readTransactions } from '../../src/transactions/api/read-transactions-rules.ts';
import { formatPosition, parsePosition } from '../../src/transactions/api/stream-position.ts';
import { aTransaction } from './support/pipeline.ts';

describe('what is read of a body', () => {
  it('never gets any text of a refused one into the error', () => {
    const secret = fc.stringMatching(/^[a-z]{12,20}$/);
    const body = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 3 }, secret, fc.integer(), fc.constant(null), tie('list'), tie('object')),
      list: fc.array(tie('value'), { maxLength: 4 }),
      object: fc.dictionary(secret, tie('value'), { maxKeys: 4 }),
    })).object;
    fc.assert(
      fc.property(body, secret, (extra, name) => {
        const given = { ...aTransaction(), ...extra, [name]: 1, amount: -1 };
        try {
          readTransactions(given, Date.now());
          expect.unreachable();
        } catch (error) {
          const text = JSON.stringify([(error as Error).message, (error as InputError).details]);
          expect(error).toBeInstanceOf(InputError);
          for (const word of JSON.stringify([extra, name]).match(/[a-z]{12,20}/g) ?? [])
            expect(text).not.toContain(word);
        }
      }),
    );
  });

  it('is the transaction as it was sent', () => {
    const transaction = aTransaction();
    expect(readTransactions(transaction, Date.now())).toEqual({ transactions: [transaction], isSingle: true });
    const two = { transactions: [transaction, aTransaction()] };
    expect(readTransactions(two, Date.now())).toEqual({ ...two, isSingle: false });
  });

  it('may be five minutes ahead, and no more', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    const at = (ms: number) => () =>
      readTransactions(aTransaction({ occurred_at: new Date(now + ms).toISOString() }), now);
    expect(at(300_000)).not.toThrow();
    expect(at(300_001)).toThrow(InputError);
  });

  it.each([
    'order-1001',
    '01ARZ3NDEKTSV4RRFFQ69G5FAV',
    '550e8400-e29b-41d4-a716-446655440000',
    '20261121-000123',
    'tx_1',
  ])('takes the id %s', (transaction_id) => {
    expect(() => readTransactions(aTransaction({ transaction_id }), Date.now())).not.toThrow();
  });
});

describe('a place in the stream', () => {
  it('comes back as it was', () => {
    const offset = fc.bigInt(0n, 10n ** 17n);
    fc.assert(
      fc.property(fc.array(offset, { minLength: 1, maxLength: 50 }), (position) => {
        expect(parsePosition(formatPosition(position), position.length)).toEqual(position);
      }),
    );
  });

  it('begins at the beginning in partitions that were added since', () => {
    expect(parsePosition('5.6', 4)).toEqual([5n, 6n, 0n, 0n]);
    expect(parsePosition('5.6.7', 2)).toEqual([5n, 6n, 7n]);
  });
});

describe('the rate', () => {
  it('lets through what a minute allows, whatever the requests bring, and says how long to wait', () => {
    let now = 0;
    const rate = itemRate(6_000, 1_000, () => now);
    const taken = (count: number) => {
      try {
        rate.take('a', count);
        return true;
      } catch (error) {
        return (error as InputError).details.retryAfterSeconds;
      }
    };
    expect(taken(1_000)).toBe(true);
    expect(taken(100)).toBe(1);
    expect(taken(1_000)).toBe(10);
    now += 1_000;
    expect(taken(100)).toBe(true);
    expect(taken(1)).toBe(1);
    expect(() => rate.take('b', 1_000)).not.toThrow();
    let through = 0;
    for (let i = 0; i < 60_000; i++) {
      now += 1;
      if (taken(1) === true) through++;
    }
    expect(through).toBeGreaterThanOrEqual(5_999);
    expect(through).toBeLessThanOrEqual(6_001);
  });
});
