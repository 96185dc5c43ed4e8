import { expect, it } from 'vitest';
import { openEnsemble } from '../../../src/transactions/ensemble/index.ts';
import { featureSet } from '../../../src/transactions/features/index.ts';
import { inputOf, manifestOf, noRules, shippedPackage, withFile } from './shipped-package.ts';

interface Parity {
  readonly rows: number[][];
  readonly members: Record<string, number[]>;
  readonly score: number[];
}

it('scores as the program that trained it does: each member, and all together', async () => {
  const files = shippedPackage();
  const parity: Parity = JSON.parse(Buffer.from(files.get('parity.json') as Uint8Array).toString());
  const ensemble = await openEnsemble(withFile(files, 'rules.yml', noRules));
  const input = inputOf();
  const scored = await ensemble.score(parity.rows.map((row) => ({ ...input, vector: Float32Array.from(row) })));
  await ensemble.close();
  expect(scored.length).toBeGreaterThanOrEqual(300);
  expect(parity.rows.every((row) => row.length === featureSet.names.length)).toBe(true);
  const names = manifestOf(files).members.map(({ name }) => name);
  expect(names).toEqual(['trees', 'network', 'forest']);
  for (const [row, { score, memberScores }] of scored.entries()) {
    expect(Math.abs(score - (parity.score[row] as number))).toBeLessThan(1e-5);
    for (const name of names) {
      const expected = parity.members[name]?.[row] as number;
      expect(Math.abs((memberScores[name] as number) - expected)).toBeLessThan(1e-5);
    }
  }
  // Rows that all got the same score would agree whatever went wrong.
  expect(new Set(parity.score.map((score) => score.toFixed(2))).size).toBeGreaterThan(20);
});
