import { randomId } from '@sdp/shared/crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { createReportSource, reportOn } from '../../../src/models/index.ts';
import { newcombeDifference, wilsonInterval } from '../../../src/models/statistics/proportion-rules.ts';
import { RegistryUnderTest } from '../hosting/registry-under-test.ts';

let keeper: TestDatabase;
let test: RegistryUnderTest;
// Keeps PostgreSQL running between the tests.
beforeAll(async () => {
  keeper = await startTestDatabase();
});
afterAll(() => keeper.stop());
beforeEach(async () => {
  test = await RegistryUnderTest.start();
  await test.add('fraud-2.0.0');
});
afterEach(() => test.stop());

const since = new Date('2026-01-01T00:00:00Z');

interface Decided {
  readonly count: number;
  readonly arm: 'champion' | 'challenger';
  readonly version: string;
  readonly decision: 'APPROVE' | 'REVIEW' | 'DECLINE';
  readonly score: number;
  readonly fraud?: boolean;
  readonly shadow?: { readonly model_version: string; readonly score: number; readonly decision: string };
  readonly at?: string;
  /** 0 where left out: one group says nothing of how groups vary, so transactions count as independent. */
  readonly group?: number;
}

async function decide({ group = 0, ...decided }: Decided) {
  const { count, arm, version, decision, score, fraud, shadow, at = '2026-01-02T00:00:00Z' } = decided;
  const ids = Array.from({ length: count }, () => randomId());
  await test.pool.query(
    `INSERT INTO transaction_decision (client_id, transaction_id, decision, score, model_version, reasons, late, arm, shadow,
                                       received_at, decided_at, source_partition, source_offset, split_group)
     SELECT 'acme', id, $2, $3, $4, '[]', false, $5, $6, $7, $7, 0, 0, $8 FROM unnest($1::text[]) AS id`,
    [ids, decision, score, version, arm, shadow ? JSON.stringify(shadow) : null, at, group],
  );
  if (fraud === undefined) return;
  await test.pool.query(
    `INSERT INTO transaction_outcome (client_id, transaction_id, fraud, known_at, reported_at)
     SELECT 'acme', id, $2, now(), now() FROM unnest($1::text[]) AS id`,
    [ids, fraud],
  );
}

const report = async (from = since) => {
  const latest = await test.registry.deployments.latest();
  if (latest === undefined) throw new Error('nothing is deployed');
  return reportOn(latest.deployment, from, { source: createReportSource(test.pool), usage: test.registry.usage });
};

describe('a report', () => {
  it('counts each arm’s own decisions and judges them by what is known', async () => {
    await test.promote('fraud-2.0.0', 'challenger', 0.5);
    const champion = { arm: 'champion', version: 'fraud-1.0.0' } as const;
    const challenger = { arm: 'challenger', version: 'fraud-2.0.0' } as const;
    await decide({ ...champion, count: 900, decision: 'APPROVE', score: 0.1 });
    await decide({ ...champion, count: 400, decision: 'APPROVE', score: 0.1, fraud: false });
    await decide({ ...champion, count: 60, decision: 'APPROVE', score: 0.3, fraud: true });
    await decide({ ...champion, count: 20, decision: 'REVIEW', score: 0.6, fraud: false });
    await decide({ ...champion, count: 40, decision: 'DECLINE', score: 0.9, fraud: true });
    await decide({ ...challenger, count: 880, decision: 'APPROVE', score: 0.1 });
    await decide({ ...challenger, count: 410, decision: 'APPROVE', score: 0.1, fraud: false });
    await decide({ ...challenger, count: 25, decision: 'APPROVE', score: 0.2, fraud: true });
    await decide({ ...challenger, count: 22, decision: 'REVIEW', score: 0.6, fraud: false });
    await decide({ ...challenger, count: 75, decision: 'DECLINE', score: 0.9, fraud: true });
    // Neither before the time asked for, nor where another model stood in.
    await decide({ ...champion, count: 50, decision: 'DECLINE', score: 1, fraud: true, at: '2025-12-31T23:59:59Z' });
    await decide({ arm: 'challenger', version: 'fraud-1.0.0', count: 30, decision: 'DECLINE', score: 1, fraud: true });

    const { arms, comparisons } = await report();
    expect(arms).toMatchObject([
      {
        ...champion,
        decisions: 1_420,
        review: wilsonInterval({ hits: 20, total: 1_420 }),
        decline: wilsonInterval({ hits: 40, total: 1_420 }),
        quality: {
          known: 520,
          frauds: 100,
          fraudsFlagged: 40,
          recall: wilsonInterval({ hits: 40, total: 100 }),
          precision: wilsonInterval({ hits: 40, total: 60 }),
          falseAlarms: wilsonInterval({ hits: 20, total: 420 }),
        },
      },
      { ...challenger, decisions: 1_412, quality: { known: 532, frauds: 100, fraudsFlagged: 75 } },
    ]);
    const differences = new Map(comparisons.map(({ measure, difference }) => [measure, difference]));
    expect(differences.get('recall')).toEqual(newcombeDifference({ hits: 75, total: 100 }, { hits: 40, total: 100 }));
    expect(differences.get('flagged')).toEqual(
      newcombeDifference({ hits: 97, total: 1_412 }, { hits: 60, total: 1_420 }),
    );
    const sentences = comparisons.map(({ sentence }) => sentence);
    expect(sentences.find((each) => each.includes('known frauds'))).toBe(
      'The challenger’s share of the known frauds that it flags is 35.00 points higher than the champion’s: more than chance explains (95 % interval +21.49 points to +46.73 points).',
    );
    expect(sentences.find((each) => each.includes('genuine'))).toContain('chance explains that');
    expect(sentences.find((each) => each.includes('ROC-AUC'))).toContain('ROC-AUC');
  });

  it('compares a shadow with the champion on the same transactions', async () => {
    await test.promote('fraud-2.0.0', 'shadow');
    const champion = { arm: 'champion', version: 'fraud-1.0.0' } as const;
    const says = (decision: string, score: number) => ({ model_version: 'fraud-2.0.0', score, decision });
    await decide({
      ...champion,
      count: 300,
      decision: 'APPROVE',
      score: 0.1,
      fraud: false,
      shadow: says('APPROVE', 0.05),
    });
    await decide({ ...champion, count: 5, decision: 'REVIEW', score: 0.6, fraud: false, shadow: says('APPROVE', 0.2) });
    await decide({
      ...champion,
      count: 30,
      decision: 'DECLINE',
      score: 0.9,
      fraud: true,
      shadow: says('DECLINE', 0.95),
    });
    await decide({ ...champion, count: 15, decision: 'APPROVE', score: 0.2, fraud: true, shadow: says('REVIEW', 0.7) });
    await decide({ ...champion, count: 100, decision: 'APPROVE', score: 0.1, fraud: true });
    const { arms, comparisons } = await report();
    expect(arms[1]).toMatchObject({
      arm: 'shadow',
      decisions: 350,
      quality: { known: 350, frauds: 45, fraudsFlagged: 45 },
    });
    expect(comparisons.map(({ measure }) => measure)).toEqual([
      'flagged',
      'declined',
      'recall',
      'false_alarms',
      'roc_auc',
    ]);
    const recall = comparisons.find(({ measure }) => measure === 'recall');
    expect(recall?.difference?.estimate).toBeCloseTo(15 / 45, 12);
    expect(recall?.sentence).toContain('more than chance explains');
    expect(comparisons.find(({ measure }) => measure === 'declined')?.sentence).toContain('chance explains that');
  });

  it('takes customers for independent, not their transactions', async () => {
    await test.promote('fraud-2.0.0', 'challenger', 0.5);
    const champion = { arm: 'champion', version: 'fraud-1.0.0', score: 0.1 } as const;
    const challenger = { arm: 'challenger', version: 'fraud-2.0.0', score: 0.1 } as const;
    // A single group of customers makes all the difference: 300 transactions that are all alike.
    for (let group = 1; group < 21; group++) {
      await decide({ ...champion, count: 300, decision: 'APPROVE', group });
      await decide({ ...challenger, count: 300, decision: 'APPROVE', group: 100 + group });
    }
    await decide({ ...champion, count: 300, decision: 'APPROVE', group: 0 });
    await decide({ ...challenger, count: 300, decision: 'DECLINE', group: 100 });
    const { comparisons } = await report();
    const declined = comparisons.find(({ measure }) => measure === 'declined');
    expect(declined?.difference?.estimate).toBeCloseTo(1 / 21, 12);
    expect(declined?.sentence).toContain('chance explains that');
  });

  it('says where too little is known', async () => {
    await test.promote('fraud-2.0.0', 'challenger', 0.5);
    const { arms, comparisons } = await report();
    expect(arms[0]).toMatchObject({ decisions: 0, review: undefined, callMs: {} });
    expect(comparisons.every(({ sentence }) => /too few outcomes are known|nothing was decided/.test(sentence))).toBe(
      true,
    );
  });

  it('has what workers measured', async () => {
    const host = await test.startHost();
    await host.scoreBatch(Array.from({ length: 40 }, (_, i) => ({ id: `t${i}`, splitKey: 'a' })));
    await host.close();
    const { arms } = await report();
    expect(arms[0]).toMatchObject({ asked: 40, failed: 0 });
    expect(arms[0]?.callMs.p50).toBeGreaterThan(0);
    expect(arms[0]?.scores.reduce((sum, count) => sum + count, 0)).toBe(40);
  });
});
