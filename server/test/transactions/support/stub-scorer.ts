import type { ScoredTransaction, TransactionScorer } from '../../../src/transactions/index.ts';

type Inputs = Parameters<TransactionScorer['scoreBatch']>[0];

/** Decides by the amount alone: from 1,000 on DECLINE, from 500 on REVIEW. Keeps what it was given. */
export class StubScorer implements TransactionScorer {
  readonly seen: Inputs[number][] = [];
  version = 'stub-1';
  /** Thrown at every call while it is set. */
  failure: Error | undefined;
  /** Awaited before every answer. */
  gate: Promise<void> = Promise.resolve();

  async scoreBatch(inputs: Inputs): Promise<readonly ScoredTransaction[]> {
    await this.gate;
    if (this.failure) throw this.failure;
    this.seen.push(...inputs);
    return inputs.map(({ transaction: { amount } }) => ({
      scored: {
        score: Math.min(1, amount / 2_000),
        decision: amount >= 1_000 ? 'DECLINE' : amount >= 500 ? 'REVIEW' : 'APPROVE',
        reasons: [{ kind: 'feature', code: 'amount', text: 'The amount', contribution: 0.5 }],
      },
      modelVersion: this.version,
      arm: 'champion',
    }));
  }

  async close(): Promise<void> {}
}
