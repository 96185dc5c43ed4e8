import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { numbersOfText, readSnapshot, snapshotOf, textOfNumbers } from '../../src/anomaly/snapshot-json.ts';

test('numbers come back exactly, in either form', () => {
  const schema = z.strictObject({ numbers: z.array(z.number()) });
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })), (numbers) => {
      const plain = numbers.map((number) => (Object.is(number, -0) ? 0 : number));
      expect(readSnapshot(schema, snapshotOf({ numbers: plain }))).toEqual({ numbers: plain });
      expect([...numbersOfText(textOfNumbers(Float64Array.from(numbers)), numbers.length)]).toEqual(numbers);
    }),
  );
});

test.each([
  [[Number.NaN], 1],
  [[Number.POSITIVE_INFINITY], 1],
  [[1, 2], 1],
  [[1], 2],
])('%j is no state of %d numbers', (numbers, count) => {
  expect(() => numbersOfText(textOfNumbers(Float64Array.from(numbers)), count)).toThrow(
    expect.objectContaining({ code: 'record-tampered' }),
  );
});
