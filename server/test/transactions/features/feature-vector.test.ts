import { describe, expect, it } from 'vitest';
import {
  CustomerWindows,
  features as descriptions,
  type FeatureEvent,
  type Features,
  featureSet,
  TerminalWindows,
  toVector,
} from '../../../src/transactions/features/index.ts';

const event: FeatureEvent = {
  tenant: 'tenant',
  transactionId: 't-1',
  occurredMs: Date.UTC(2026, 0, 17, 2),
  amount: 30,
  currency: 'EUR',
  customer: 'customer',
  terminal: 'terminal',
};

/** What the stages say of the second of two transactions, 10 and 30, half a minute apart. */
function featuresOf(change: Partial<FeatureEvent> = {}): Features {
  const customers = new CustomerWindows();
  const terminals = new TerminalWindows();
  const before = { ...event, ...change, transactionId: 't-0', occurredMs: event.occurredMs - 30_000, amount: 10 };
  customers.add({ ...before, card: undefined });
  terminals.add(before);
  terminals.outcome({ ...before, knownMs: event.occurredMs, fraud: true });
  return { ...customers.add({ ...event, ...change }).features, ...terminals.add({ ...event, ...change }).features };
}

function vectorOf(features: Features, occurredAt = '2026-01-17T02:00:00Z'): Record<string, number> {
  const vector = toVector(features, { amount: 30, occurred_at: occurredAt });
  return Object.fromEntries(featureSet.names.map((name, index) => [name, vector[index] as number]));
}

describe('the vector of features', () => {
  it('has every feature of the set, and what follows from others', () => {
    const vector = vectorOf(featuresOf());
    expect(Object.values(vector).every(Number.isFinite)).toBe(true);
    expect(vector).toMatchObject({
      amount: 30,
      customer_count_5m: 2,
      customer_amount_mean_5m: 20,
      customer_amount_max_14d: 30,
      customer_amount_to_mean: 3,
      customer_seconds_since_last: 30,
      customer_is_new: 0,
      terminal_reports_7d: 1,
      terminal_report_share_7d: 0.5,
    });
  });

  it('takes the customer for the card where there is none, and the card where there is one', () => {
    expect(vectorOf(featuresOf())).toMatchObject({ card_count_1h: 2, card_amount_mean_1h: 20, card_is_new: 0 });
    expect(vectorOf(featuresOf({ card: 'card' }))).toMatchObject({
      customer_count_1h: 2,
      card_count_1h: 1,
      card_amount_mean_1h: 30,
      card_is_new: 1,
    });
  });

  it.each([
    ['2026-01-17T02:00:00Z', { is_night: 1, is_weekend: 1, hour_sin: Math.fround(0.5) }],
    ['2026-01-16T21:00:00-05:00', { is_night: 0, is_weekend: 0, hour_sin: Math.fround(-Math.SQRT1_2) }],
    ['2026-01-18T23:59:59.999Z', { is_night: 0, is_weekend: 1 }],
    ['2026-01-19T05:59:59.999Z', { is_night: 1, is_weekend: 0 }],
    ['2026-01-19T06:00:00+05:30', { is_night: 0, is_weekend: 0, hour_sin: 1 }],
    ['1969-12-28T12:00:00Z', { is_night: 0, is_weekend: 1, hour_cos: -1 }],
  ])('goes by the local time of the sender: %s', (occurredAt, expected) => {
    expect(vectorOf(featuresOf(), occurredAt)).toMatchObject(expected);
  });

  it('has gaps where a stage left something out', () => {
    const { customer_count_1d: _, ...others } = featuresOf();
    expect(vectorOf(others)).toMatchObject({ customer_count_1d: Number.NaN, customer_amount_mean_1d: Number.NaN });
  });

  it('names each feature once, with what it means', () => {
    expect(new Set(featureSet.names).size).toBe(featureSet.names.length);
    expect(featureSet).toMatchInlineSnapshot(`
      {
        "id": "fraud-features-1",
        "names": [
          "amount",
          "hour_sin",
          "hour_cos",
          "is_night",
          "is_weekend",
          "customer_count_5m",
          "customer_amount_5m",
          "customer_amount_mean_5m",
          "customer_amount_max_5m",
          "customer_count_1h",
          "customer_amount_1h",
          "customer_amount_mean_1h",
          "customer_amount_max_1h",
          "customer_count_1d",
          "customer_amount_1d",
          "customer_amount_mean_1d",
          "customer_amount_max_1d",
          "customer_count_7d",
          "customer_amount_7d",
          "customer_amount_mean_7d",
          "customer_amount_max_7d",
          "customer_count_14d",
          "customer_amount_14d",
          "customer_amount_mean_14d",
          "customer_amount_max_14d",
          "customer_seconds_since_last",
          "customer_is_new",
          "customer_amount_to_mean",
          "customer_amount_to_max",
          "customer_amount_deviation",
          "customer_terminals_1d",
          "customer_terminal_is_new",
          "card_count_5m",
          "card_amount_5m",
          "card_amount_mean_5m",
          "card_amount_max_5m",
          "card_count_1h",
          "card_amount_1h",
          "card_amount_mean_1h",
          "card_amount_max_1h",
          "card_count_1d",
          "card_amount_1d",
          "card_amount_mean_1d",
          "card_amount_max_1d",
          "card_count_7d",
          "card_amount_7d",
          "card_amount_mean_7d",
          "card_amount_max_7d",
          "card_count_14d",
          "card_amount_14d",
          "card_amount_mean_14d",
          "card_amount_max_14d",
          "card_seconds_since_last",
          "card_is_new",
          "terminal_count_5m",
          "terminal_amount_5m",
          "terminal_amount_mean_5m",
          "terminal_amount_max_5m",
          "terminal_count_1h",
          "terminal_amount_1h",
          "terminal_amount_mean_1h",
          "terminal_amount_max_1h",
          "terminal_count_1d",
          "terminal_amount_1d",
          "terminal_amount_mean_1d",
          "terminal_amount_max_1d",
          "terminal_count_7d",
          "terminal_amount_7d",
          "terminal_amount_mean_7d",
          "terminal_amount_max_7d",
          "terminal_count_14d",
          "terminal_amount_14d",
          "terminal_amount_mean_14d",
          "terminal_amount_max_14d",
          "terminal_seconds_since_last",
          "terminal_is_new",
          "terminal_amount_to_mean",
          "terminal_customers_1d",
          "terminal_reports_7d",
          "terminal_report_share_7d",
          "terminal_reports_14d",
          "terminal_report_share_14d",
          "terminal_seconds_since_report",
        ],
      }
    `);
    for (const { name, meaning } of descriptions) {
      expect(name).toMatch(/^[a-z][a-z0-9_]{0,63}$/);
      expect(meaning).not.toBe('');
    }
  });
});
