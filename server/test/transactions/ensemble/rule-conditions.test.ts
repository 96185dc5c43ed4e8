import { describe, expect, it } from 'vitest';
import { compileCondition, conditionSchema } from '../../../src/transactions/ensemble/rule-conditions.ts';
import { inputOf } from './shipped-package.ts';

const circumstances = inputOf({ amount: 0.1, is_night: Number.NaN }, { channel: 'online', country: 'DE' });
const holds = (condition: unknown) => compileCondition(conditionSchema.parse(condition))(circumstances);

describe('conditions', () => {
  it.each([
    [{ feature: 'amount', op: '==', value: 0.1 }, true],
    [{ feature: 'amount', op: '!=', value: 0.1 }, false],
    [{ feature: 'amount', op: '<', value: 0.1 }, false],
    [{ feature: 'amount', op: '<=', value: 0.1 }, true],
    [{ feature: 'amount', op: '>', value: 0.05 }, true],
    [{ feature: 'amount', op: '>=', value: 0.2 }, false],
    [{ feature: 'is_night', op: '<', value: 1 }, false],
    [{ feature: 'is_night', op: '>=', value: 0 }, false],
    [{ feature: 'is_night', op: '!=', value: 0 }, false],
    [{ field: 'channel', op: 'is', value: 'online' }, true],
    [{ field: 'channel', op: 'is_not', value: 'online' }, false],
    [{ field: 'country', op: 'in', value: ['FR', 'DE'] }, true],
    [{ field: 'country', op: 'not_in', value: ['FR', 'DE'] }, false],
    [{ field: 'merchant_category', op: 'is', value: '5411' }, false],
    [{ field: 'merchant_category', op: 'is_not', value: '5411' }, false],
    [{ not: { field: 'merchant_category', op: 'is', value: '5411' } }, true],
    [
      {
        any: [
          { field: 'country', op: 'is', value: 'FR' },
          { all: [{ field: 'country', op: 'is', value: 'DE' }, { not: { feature: 'amount', op: '>', value: 1 } }] },
        ],
      },
      true,
    ],
  ])('%j: %s', (condition, expected) => {
    expect(holds(condition)).toBe(expected);
  });

  it.each([
    [{ feature: 'constructor', op: '>', value: 1 }],
    [{ feature: 'amount', op: '>', value: '1' }],
    [{ feature: 'amount', op: 'matches', value: 1 }],
    [{ field: 'customer', op: 'is', value: 'tok_' }],
    [{ field: 'country', op: 'in', value: 'DE' }],
    [{ field: 'country', op: 'is', value: ['DE'] }],
    [{ all: [] }],
    [{ all: [{ feature: 'amount', op: '>', value: 1 }], any: [] }],
    ['process.exit()'],
  ])('%j is none', (condition) => {
    expect(conditionSchema.safeParse(condition).success).toBe(false);
  });
});
