import type { TransactionScorer } from '../transactions/index.ts';
import type { Platform } from './platform.ts';

/** Decides by the amount alone, until models are deployed. */
export async function openScorer(_platform: Platform): Promise<TransactionScorer & { close(): Promise<void> }> {
  return {
    scoreBatch: async (inputs) =>
      inputs.map(({ transaction: { amount } }) => {
        const score = 1 - Math.exp(-amount / 2_000);
        return {
          scored: { score, decision: score > 0.9 ? 'DECLINE' : score > 0.5 ? 'REVIEW' : 'APPROVE', reasons: [] },
          modelVersion: 'amount-0',
          arm: 'champion',
        };
      }),
    close: async () => undefined,
  };
}
