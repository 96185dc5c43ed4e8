import type { AnomalyFinding } from '../../src/anomaly-events/index.ts';

export const sampleAt = Date.parse('2026-03-02T12:00:00Z');

/** A finding of client `acme`; `offset` says which events made it. */
export function sampleFinding(
  changes: Partial<AnomalyFinding> & { readonly offset?: number; readonly atMs?: number } = {},
): AnomalyFinding {
  const { offset = 0, atMs = sampleAt, ...rest } = changes;
  return {
    detector: 'rule:error-burst',
    detectorVersion: '1',
    clientId: 'acme',
    at: new Date(atMs),
    alertType: 'error-burst',
    level: 'ERROR',
    title: 'Many errors',
    message: '20 events of level ERROR within 3 minutes',
    tags: { source: 'billing' },
    metrics: { count: 20, limit: 20 },
    explanation: { rule: 'error-burst', count: 20, limit: 20 },
    evidence: {
      topic: 'logs',
      partition: 0,
      firstOffset: BigInt(offset),
      lastOffset: BigInt(offset + 1),
      eventIds: [`e${offset}`],
      count: 20,
    },
    dedupeKey: 'error-burst/billing',
    groupKey: 'billing',
    ...rest,
  };
}
