import { describe, expect, test } from 'vitest';
import { hasTestData } from '../../../../test/support/test-data.ts';
import { tallyValueCases, valueCasesPath } from './value-cases.ts';

describe.skipIf(!hasTestData(valueCasesPath))(`shared data: ${valueCasesPath}`, () => {
  test('precision and recall of at least 0.9 over all entities', () => {
    const tallies = tallyValueCases();
    const sum = (count: (tally: (typeof tallies)[number]) => number) =>
      tallies.reduce((total, t) => total + count(t), 0);
    const hits = sum((tally) => tally.hits);
    expect(tallies.length).toBeGreaterThanOrEqual(35);
    expect(hits / (hits + sum((tally) => tally.wrong.length))).toBeGreaterThanOrEqual(0.95);
    expect(hits / (hits + sum((tally) => tally.missed.length))).toBeGreaterThanOrEqual(0.95);
  });

  test('nothing whose checksum holds is missed', () => {
    const complete = new Set(
      'ABA_ROUTING_NUMBER AU_ACN AU_TFN CA_SIN MEDICAL_LICENSE ES_NIF IN_AADHAAR IT_FISCAL_CODE UK_NHS ZA_ID_NUMBER'.split(
        ' ',
      ),
    );
    const missed = tallyValueCases().filter(({ entity, missed }) => complete.has(entity) && missed.length > 0);
    expect(missed).toEqual([]);
  });
});
