import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Transaction } from '@sdp/shared/contracts';
import { type Ensemble, openEnsemble, type ScoringInput } from '../server/src/transactions/ensemble/index.ts';
import {
  CustomerWindows,
  featureEventOf,
  TerminalWindows,
  toVector,
} from '../server/src/transactions/features/index.ts';
import { markdownTable } from './measure.ts';

const packageFolder = join(import.meta.dirname, '../server/models/fraud/1.0.0');
const beginMs = Date.UTC(2026, 0, 1);
const spanMs = 14 * 86_400_000;
const transactionsEach = 25;

/** What a decision costs without any bus: windows, vector, and the shipped ensemble with and without reasons. */
export async function benchDecisions({ transactions }: { transactions: number }): Promise<string> {
  const customers = new CustomerWindows();
  const terminals = new TerminalWindows();
  const inputs: ScoringInput[] = [];
  const spent = { customer: 0, terminal: 0, vector: 0 };
  const timed = <T>(part: keyof typeof spent, work: () => T): T => {
    const startedAt = performance.now();
    const result = work();
    spent[part] += performance.now() - startedAt;
    return result;
  };
  for (let number = 0; number < transactions; number += 1) {
    const transaction = madeUp(number, transactions);
    const event = featureEventOf('bank', transaction);
    const ofCustomer = timed('customer', () => customers.add(event).features);
    const ofTerminal = timed('terminal', () => terminals.add(event).features);
    const features = { ...ofCustomer, ...ofTerminal };
    const vector = timed('vector', () => toVector(features, transaction));
    // The last ones, whose windows are full.
    if (number >= transactions - 20_000) inputs.push({ transaction, features, vector });
  }
  const rows = Object.entries({
    'customer windows': 'customer',
    'terminal windows': 'terminal',
    vector: 'vector',
  } as const).map(([label, part]) => [label, ...rate(spent[part], transactions)]);
  const files = new Map(readdirSync(packageFolder).map((name) => [name, readFileSync(join(packageFolder, name))]));
  for (const size of [1, 10, 50]) {
    const ensemble = await openEnsemble(withReviewFrom(files, 0.999_999));
    rows.push([`score, approved, batches of ${size}`, ...(await scored(ensemble, inputs, size))]);
  }
  const strict = await openEnsemble(withReviewFrom(files, 1e-9));
  rows.push(['score and explain, batches of 50', ...(await scored(strict, inputs, 50))]);
  const perTransaction = (customers.snapshot().length / transactions).toFixed(1);
  return `${markdownTable(['step', 'µs a transaction', 'transactions/s'], rows)}\n\nA snapshot of customers' windows: ${perTransaction} bytes a transaction.`;
}

/** The shipped package with other thresholds, so that all is approved, or nothing. */
function withReviewFrom(files: ReadonlyMap<string, Uint8Array>, review: number): Map<string, Uint8Array> {
  const manifest = JSON.parse(Buffer.from(files.get('ensemble.json') as Uint8Array).toString());
  return new Map(files).set(
    'ensemble.json',
    Buffer.from(JSON.stringify({ ...manifest, thresholds: { review, decline: 1 } })),
  );
}

async function scored(ensemble: Ensemble, inputs: readonly ScoringInput[], size: number): Promise<[string, string]> {
  await ensemble.score(inputs.slice(0, 500));
  const startedAt = performance.now();
  for (let from = 0; from < inputs.length; from += size) await ensemble.score(inputs.slice(from, from + size));
  const elapsedMs = performance.now() - startedAt;
  await ensemble.close();
  return rate(elapsedMs, inputs.length);
}

function rate(elapsedMs: number, count: number): [string, string] {
  return [((elapsedMs * 1_000) / count).toFixed(1), Math.round((count * 1_000) / elapsedMs).toLocaleString('en')];
}

/** Spread over 14 days and customers as if by chance, the same each time. */
function madeUp(number: number, count: number): Transaction {
  const mixed = Math.imul(number + 1, 0x9e37_79b1) >>> 0;
  const customers = Math.ceil(count / transactionsEach);
  const token = (index: number) => `tok_${index.toString(16).padStart(32, '0')}`;
  return {
    transaction_id: `t-${number}`,
    occurred_at: new Date(beginMs + Math.floor((number / count) * spanMs)).toISOString(),
    amount: 5 + (mixed % 9_000) / 100,
    currency: 'EUR',
    customer: token(mixed % customers),
    terminal: token((mixed >>> 8) % Math.ceil(customers / 2)),
  };
}
