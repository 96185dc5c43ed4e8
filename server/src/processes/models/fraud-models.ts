import type { Transaction } from '@sdp/shared/contracts';
import type { ModelKind } from '../../models/index.ts';
import {
  CustomerWindows,
  featureEventOf,
  featureSet,
  openEnsemble,
  type Scored,
  type ScoringInput,
  TerminalWindows,
  toVector,
} from '../../transactions/index.ts';

/** The ensembles that decide on transactions. */
export function fraudModels(): ModelKind<ScoringInput, Scored> {
  return { featureSetId: featureSet.id, probes: probes(), open: openEnsemble };
}

/** Made up; no more than what a model must be able to take: small and large, at night and by day, with a card and without. */
function probes(): ScoringInput[] {
  const customers = new CustomerWindows();
  const terminals = new TerminalWindows();
  return Array.from({ length: 16 }, (_, i) => {
    const transaction: Transaction = {
      transaction_id: `probe-${i}`,
      occurred_at: new Date(Date.UTC(2026, 0, 1, i * 3)).toISOString(),
      amount: [0.01, 12.5, 80, 4_000][i % 4] as number,
      currency: i % 5 === 0 ? 'USD' : 'EUR',
      customer: token(i % 3),
      terminal: token(100 + (i % 2)),
      ...(i % 2 === 0 && { card: token(200 + (i % 3)) }),
    };
    const event = featureEventOf('probe', transaction);
    const features = { ...customers.add(event).features, ...terminals.add(event).features };
    return { transaction, features, vector: toVector(features, transaction) };
  });
}

function token(number: number): string {
  return `tok_${number.toString(16).padStart(32, '0')}`;
}
