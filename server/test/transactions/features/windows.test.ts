import { IntegrityError } from '@sdp/shared/errors';
import { describe, expect, it } from 'vitest';
import {
  CustomerWindows,
  type FeatureEvent,
  horizonAt,
  TerminalWindows,
} from '../../../src/transactions/features/index.ts';

const day = 86_400_000;
const beginMs = Date.UTC(2026, 0, 15);

function event(number: number, change: Partial<FeatureEvent> = {}): FeatureEvent {
  return {
    tenant: 'tenant',
    transactionId: `t-${number}`,
    occurredMs: beginMs + number * 1_000,
    amount: 12.345,
    currency: 'EUR',
    customer: 'customer',
    terminal: 'terminal',
    ...change,
  };
}

describe('what is remembered', () => {
  it('is bounded where other sides are told apart: 1,024 transactions', () => {
    const customers = new CustomerWindows();
    for (let number = 0; number < 1_100; number += 1) customers.add(event(number, { terminal: `terminal-${number}` }));
    const again = (terminal: string, number: number) => customers.add(event(number, { terminal })).features;
    expect(again('terminal-1099', 1_100)).toMatchObject({ customer_terminal_is_new: 0, customer_terminals_1d: 1_024 });
    expect(again('terminal-0', 1_101)).toMatchObject({ customer_terminal_is_new: 1, customer_count_1d: 1_102 });
  });

  it('ends at the horizon at once, however much of the memory is freed yet', () => {
    const customers = new CustomerWindows();
    for (let number = 0; number < 3_000; number += 1) customers.add(event(number, { customer: `customer-${number}` }));
    const horizonMs = horizonAt(beginMs + 14 * day + 2_999_000 + day, day);
    expect(horizonMs).toBe(beginMs + 2_999_000);
    customers.evict(horizonMs - 1);
    expect(customers.add(event(5_000, { customer: 'customer-2998' })).features).toMatchObject({
      customer_count_14d: 1,
    });
    expect(customers.add(event(5_001, { customer: 'customer-2999' })).features).toMatchObject({
      customer_count_14d: 2,
    });
    for (let call = 0; call < 4; call += 1) customers.evict(horizonMs - 1);
    expect(customers.keys).toBe(2);
  });

  it('gives a transaction from before the horizon the windows of one that is alone, and keeps nothing of it', () => {
    const customers = new CustomerWindows();
    customers.add(event(0));
    customers.evict(beginMs + 10_000);
    const { features, isRepeat } = customers.add(event(10));
    expect(features).toMatchObject({ customer_count_14d: 1, customer_amount_14d: 12.345, customer_is_new: 1 });
    expect(isRepeat).toBe(false);
    expect(customers.add(event(11)).features).toMatchObject({ customer_count_14d: 1 });
  });

  it('goes on after being restored as if nothing had been', () => {
    const customers = new CustomerWindows();
    for (let number = 0; number < 50; number += 1) customers.add(event(number));
    customers.evict(beginMs + 20_000);
    const restored = CustomerWindows.restore(customers.snapshot());
    for (const number of [3, 20, 21, 30, 60]) expect(restored.add(event(number))).toEqual(customers.add(event(number)));
  });

  it('takes 32 bytes a transaction in a snapshot', () => {
    const customers = new CustomerWindows();
    const empty = customers.snapshot().length;
    for (let number = 0; number < 1_000; number += 1) customers.add(event(number));
    expect(customers.snapshot().length - empty).toBeLessThan(32_100);
  });
});

describe('frauds reported at a terminal', () => {
  const counted = (terminals: TerminalWindows, atMs: number, number = 1_000_000 + atMs) =>
    terminals.add(event(number, { occurredMs: atMs })).features['terminal_reports_7d'];
  const outcome = (number: number, knownMs: number, fraud: boolean) => ({ ...event(number), knownMs, fraud });

  it('count from when they are known, for 7 days', () => {
    const terminals = new TerminalWindows();
    terminals.outcome(outcome(1, beginMs, true));
    expect(counted(terminals, beginMs - 1)).toBe(0);
    expect(counted(terminals, beginMs)).toBe(1);
    expect(counted(terminals, beginMs + 7 * day - 1)).toBe(1);
    expect(counted(terminals, beginMs + 7 * day)).toBe(0);
  });

  it('count once for a transaction, from the first report on', () => {
    const terminals = new TerminalWindows();
    for (const knownMs of [beginMs + 5, beginMs, beginMs + 9]) terminals.outcome(outcome(1, knownMs, true));
    terminals.outcome(outcome(2, beginMs, true));
    expect(counted(terminals, beginMs)).toBe(2);
  });

  it('no longer count where a later word says that it was none, whichever is heard first', () => {
    const terminals = new TerminalWindows();
    terminals.outcome(outcome(1, beginMs, true));
    terminals.outcome(outcome(1, beginMs + 5, false));
    terminals.outcome(outcome(1, beginMs, true));
    terminals.outcome(outcome(2, beginMs + 5, false));
    terminals.outcome(outcome(2, beginMs, true));
    expect(counted(terminals, beginMs + 10)).toBe(0);
    terminals.outcome(outcome(1, beginMs + 7, true));
    expect(counted(terminals, beginMs + 10)).toBe(1);
    expect(counted(TerminalWindows.restore(terminals.snapshot()), beginMs + 11)).toBe(1);
  });

  it('are forgotten at the horizon', () => {
    const terminals = new TerminalWindows();
    const empty = terminals.snapshot().length;
    terminals.outcome(outcome(1, beginMs, true));
    terminals.evict(beginMs + 60_000);
    terminals.outcome(outcome(2, beginMs, true));
    expect(terminals.snapshot().length).toBe(empty);
  });
});

describe('a snapshot that was changed', () => {
  const customers = new CustomerWindows();
  const terminals = new TerminalWindows();
  for (let number = 0; number < 6; number += 1) {
    const one = event(number, { customer: `c-${number % 2}`, card: 'card', currency: number % 3 ? 'EUR' : 'USD' });
    customers.add(one);
    terminals.add(one);
    terminals.outcome({ ...one, knownMs: one.occurredMs + 5, fraud: number % 2 === 0 });
  }

  it.each([
    ['customers', customers.snapshot(), (bytes: Uint8Array) => CustomerWindows.restore(bytes).add(event(9))],
    ['terminals', terminals.snapshot(), (bytes: Uint8Array) => TerminalWindows.restore(bytes).add(event(9))],
  ])('is refused or restored, never worse: %s, each bit, each length, and more behind it', (_, bytes, open) => {
    const attempt = (changed: Uint8Array) => {
      try {
        open(changed);
        return 'opened';
      } catch (error) {
        expect(error).toBeInstanceOf(IntegrityError);
        return 'refused';
      }
    };
    expect(attempt(bytes)).toBe('opened');
    for (let length = 0; length < bytes.length; length += 1) expect(attempt(bytes.subarray(0, length))).toBe('refused');
    expect(attempt(Buffer.concat([bytes, Buffer.of(0)]))).toBe('refused');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Uint8Array.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      attempt(changed);
    }
    for (let at = 0; at + 4 <= bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt32LE(0xffff_fff8, at);
      attempt(changed);
    }
  });

  it('is not taken for one of the other kind', () => {
    expect(() => CustomerWindows.restore(terminals.snapshot())).toThrow(IntegrityError);
  });
});
