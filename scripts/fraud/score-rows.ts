// Scores all rows of a matrix by a package, as the server does, in batches of 50, and says how long it took:
//   node --conditions=sdp-source scripts/fraud/score-rows.ts MATRIX PACKAGE
// Writes MATRIX/scored.csv: score, decision and members' scores of each row.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Transaction } from '@sdp/shared/contracts';
import { openEnsemble, type Scored, type ScoringInput } from '../../server/src/transactions/ensemble/index.ts';
import { readMatrix } from './matrix.ts';

const batchSize = 50;
const [matrixFolder, packageFolder] = process.argv.slice(2);
if (!matrixFolder || !packageFolder) throw new Error('give the folder of the matrix and that of the package');
const matrix = readMatrix(matrixFolder);
const width = matrix.names.length;
const ensemble = await openEnsemble(
  new Map(readdirSync(packageFolder).map((name) => [name, readFileSync(join(packageFolder, name))])),
);
/** Rules ask for nothing of the transaction that the handbook's transactions have. */
const transaction = { currency: 'EUR' } as Transaction;
const inputOf = (row: number): ScoringInput => ({
  transaction,
  features: {},
  vector: matrix.values.subarray(row * width, (row + 1) * width),
});

/** Milliseconds for all. */
async function score(rows: readonly number[], take: (row: number, scored: Scored) => void): Promise<number> {
  let elapsedMs = 0;
  for (let from = 0; from < rows.length; from += batchSize) {
    const batch = rows.slice(from, from + batchSize);
    const inputs = batch.map(inputOf);
    const startedAt = performance.now();
    const scored = await ensemble.score(inputs);
    elapsedMs += performance.now() - startedAt;
    for (const [index, row] of batch.entries()) take(row, scored[index] as Scored);
  }
  return elapsedMs;
}

const perTransaction = (elapsedMs: number, count: number) =>
  `${((elapsedMs * 1_000) / count).toFixed(1)} µs a transaction, ${Math.round((count * 1_000) / elapsedMs)}/s`;

const lines: string[] = [];
const plain: number[] = [];
const explained: number[] = [];
const elapsedMs = await score([...Array(matrix.rows).keys()], (row, { score, decision, memberScores }) => {
  lines.push([score, decision, ...Object.values(memberScores)].join(','));
  (decision === 'APPROVE' ? plain : explained).push(row);
});
const members = Object.keys((await ensemble.score([inputOf(0)]))[0]?.memberScores ?? {});
writeFileSync(
  join(matrixFolder, 'scored.csv'),
  `${['score', 'decision', ...members].join(',')}\n${lines.join('\n')}\n`,
);
console.log(`all ${matrix.rows}: ${perTransaction(elapsedMs, matrix.rows)}`);
const approved = plain.slice(0, 50_000);
console.log(`approved alone: ${perTransaction(await score(approved, () => undefined), approved.length)}`);
console.log(`with reasons alone: ${perTransaction(await score(explained, () => undefined), explained.length)}`);
await ensemble.close();
