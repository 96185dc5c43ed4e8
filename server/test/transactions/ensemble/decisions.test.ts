import { reasonSchema } from '@sdp/shared/contracts';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type Ensemble, openEnsemble } from '../../../src/transactions/ensemble/index.ts';
import { featureSet } from '../../../src/transactions/features/index.ts';
import { inputOf, manifestOf, noRules, scoreOne, shippedPackage, withFile, withManifest } from './shipped-package.ts';

const files = shippedPackage();
const { thresholds } = manifestOf(files);
const ensemble = await openEnsemble(files);
const withoutRules = await openEnsemble(withFile(files, 'rules.yml', noRules));
const opened: Ensemble[] = [ensemble, withoutRules];
afterAll(async () => {
  for (const one of opened) await one.close();
});

/** A terminal where nearly all payments are reported. */
const reported = {
  terminal_reports_7d: 6,
  terminal_reports_14d: 12,
  terminal_report_share_7d: 0.9,
  terminal_report_share_14d: 0.9,
  terminal_seconds_since_report: 3_600,
};
const unusual = { amount: 400, customer_amount_to_mean: 8, customer_amount_to_max: 4, customer_amount_deviation: 6 };

async function withRules(rules: string): Promise<Ensemble> {
  const one = await openEnsemble(withFile(files, 'rules.yml', `schema_version: 1\nrules:\n${rules}`));
  opened.push(one);
  return one;
}

describe('decisions', () => {
  it('approve what is ordinary, without a word', async () => {
    const { score, decision, reasons, memberScores } = await scoreOne(ensemble, inputOf());
    expect({ decision, reasons }).toEqual({ decision: 'APPROVE', reasons: [] });
    expect(score).toBeLessThan(thresholds.review);
    expect(Object.keys(memberScores)).toEqual(['trees', 'network', 'forest']);
  });

  it('give what raised the score, most first, where they do not approve', async () => {
    const { score, decision, reasons } = await scoreOne(withoutRules, inputOf(reported));
    expect(decision).not.toBe('APPROVE');
    expect(reasons[0]).toMatchObject({ kind: 'feature', code: 'terminal_reports' });
    expect(reasons[0]?.contribution).toBeGreaterThan(score / 2);
    for (const reason of reasons) expect(reasonSchema.parse(reason)).toEqual(reason);
  });

  it('name both of two families of which each would have sufficed', async () => {
    const { reasons } = await scoreOne(withoutRules, inputOf({ ...reported, ...unusual }));
    expect(reasons.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['terminal_reports', 'amount_for_customer']),
    );
    const contributions = reasons.map(({ contribution }) => contribution as number);
    expect(contributions).toEqual(contributions.toSorted((a, b) => b - a));
  });

  it('do not depend on what else is in the batch', async () => {
    const inputs = [inputOf(reported), inputOf(), inputOf(unusual), inputOf({ amount: Number.NaN })];
    const together = await ensemble.score(inputs);
    expect(together).toEqual(await Promise.all(inputs.map((input) => scoreOne(ensemble, input))));
    expect(await ensemble.score([])).toEqual([]);
  });

  it('go by the worth of the currency', async () => {
    const { amounts } = manifestOf(files);
    const dollars = inputOf({ amount: 300 / (amounts.worth['USD'] as number) }, { currency: 'USD' });
    // Ordinary sums and means are amounts too, and worth less in dollars.
    for (const [column, name] of featureSet.names.entries()) {
      if (/_amount_/.test(name) && !/_to_|deviation/.test(name)) {
        dollars.vector[column] = (dollars.vector[column] as number) / (amounts.worth['USD'] as number);
      }
    }
    const { score } = await scoreOne(withoutRules, dollars);
    expect(score).toBeCloseTo((await scoreOne(withoutRules, inputOf({ amount: 300 }))).score, 4);
  });
});

describe('what cannot be scored', () => {
  const notScored = expect.objectContaining({ code: 'not_scored', kind: 'rule', contribution: null });

  it('is reviewed, never approved: a gap or an infinite value at any feature', async () => {
    const inputs = featureSet.names.flatMap((name) =>
      [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value) => inputOf({ [name]: value })),
    );
    for (const { decision, reasons, score, memberScores } of await ensemble.score(inputs)) {
      expect(decision === 'REVIEW' || decision === 'DECLINE').toBe(true);
      expect(reasons[0]).toEqual(notScored);
      expect(score).toBe(thresholds.review);
      expect(memberScores).toEqual({});
    }
  });

  it('is what comes in an unknown currency, or with another number of features', async () => {
    for (const input of [inputOf({}, { currency: 'XXX' }), { ...inputOf(), vector: new Float32Array(3) }]) {
      expect(await scoreOne(ensemble, input)).toMatchObject({ decision: 'REVIEW', reasons: [notScored] });
    }
  });

  it('is declined where a rule says so, and stays in review where a rule would lower the score', async () => {
    const condition = "when: { field: currency, op: is, value: EUR }, text: 'T.'";
    const declining = await withRules(`  - { code: a, ${condition}, effect: { raise_to: DECLINE } }\n`);
    expect((await scoreOne(declining, inputOf({ amount: Number.NaN }))).decision).toBe('DECLINE');
    const lowering = await withRules(`  - { code: a, ${condition}, effect: { add: -9 } }\n`);
    expect((await scoreOne(lowering, inputOf({ amount: Number.NaN }))).decision).toBe('REVIEW');
  });

  it('never makes it fail: any numbers', async () => {
    const vector = fc.array(fc.float(), { minLength: featureSet.names.length, maxLength: featureSet.names.length });
    await fc.assert(
      fc.asyncProperty(vector, async (values) => {
        const { score, decision } = await scoreOne(ensemble, { ...inputOf(), vector: Float32Array.from(values) });
        expect(score >= 0 && score <= 1).toBe(true);
        if (!values.every(Number.isFinite)) expect(decision).not.toBe('APPROVE');
      }),
      { numRuns: 50 },
    );
  });
});

describe('rules', () => {
  it('raise a decision and never lower one; they come before features', async () => {
    const raising = await withRules(
      "  - { code: big, text: 'Big.', when: { feature: amount, op: '>=', value: 300 }, effect: { raise_to: REVIEW } }\n",
    );
    const { decision, reasons } = await scoreOne(raising, inputOf({ ...reported, ...unusual }));
    expect(decision).toBe('DECLINE');
    expect(reasons[0]).toEqual({ kind: 'rule', code: 'big', text: 'Big.', contribution: null });
    expect((await scoreOne(raising, inputOf({ amount: 299 }))).reasons.filter(({ kind }) => kind === 'rule')).toEqual(
      [],
    );
  });

  it('add log-odds, and say what that did to the score', async () => {
    const adding = await withRules(
      "  - { code: online, text: 'Online.', when: { field: channel, op: is, value: online }, effect: { add: 2 } }\n",
    );
    const before = await scoreOne(adding, inputOf(unusual));
    const after = await scoreOne(adding, inputOf(unusual, { channel: 'online' }));
    const odds = (score: number) => Math.log(score / (1 - score));
    expect(odds(after.score) - odds(before.score)).toBeCloseTo(2, 2);
    expect(after.reasons[0]?.contribution).toBeCloseTo(after.score - before.score, 5);
  });

  it('of the package that comes along hit what they say', async () => {
    const codes = async (...input: Parameters<typeof inputOf>) =>
      (await scoreOne(ensemble, inputOf(...input))).reasons.flatMap(({ kind, code }) =>
        kind === 'rule' ? [code] : [],
      );
    expect(await codes({ customer_count_5m: 8 })).toEqual(['many_payments_in_minutes']);
    expect(await codes({ customer_count_5m: 7, card_count_5m: 6 })).toEqual(['card_used_rapidly']);
    expect(await codes({ customer_terminals_1d: 25 })).toEqual(['many_places_in_a_day']);
    expect(await codes({ customer_is_new: 1, amount: 1_000 })).toEqual(['large_first_payment']);
    expect(await codes({ amount: 10_000, customer_amount_to_max: 20, customer_count_14d: 4 })).toEqual([
      'amount_out_of_proportion',
    ]);
    expect(await codes({ terminal_reports_7d: 3, terminal_report_share_7d: 0.25 })).toEqual([
      'terminal_reported_repeatedly',
    ]);
    const night = { is_night: 1, customer_terminal_is_new: 1, customer_amount_to_max: 2 };
    expect(await codes(night, { channel: 'online' })).toEqual(['night_payment_at_a_new_place']);
    expect(await codes(night)).toEqual([]);
  });
});

it('takes thresholds from the manifest', async () => {
  const strict = await openEnsemble(
    withManifest(files, (manifest) => {
      manifest.thresholds = { review: 1e-6, decline: 1 };
    }),
  );
  opened.push(strict);
  expect((await scoreOne(strict, inputOf())).decision).toBe('REVIEW');
  expect(strict.version).toBe('fraud-1.0.0');
});
