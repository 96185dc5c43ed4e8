import type { Alert } from '../../../src/alerts/rules/alert.ts';

export function sampleAlert(given: Partial<Alert> = {}): Alert {
  return {
    alertId: '0198a1c2-0000-4000-8000-000000000001',
    clientId: 'acme',
    kind: 'anomaly',
    type: 'latency_high',
    level: 'WARNING',
    title: 'Latency is high',
    message: 'p95 above its limit',
    tags: { host: 'web-1', environment: 'prod' },
    numbers: { latency_ms: 1_532.5 },
    anomalyId: '0198a1c2-0000-4000-8000-000000000001',
    at: new Date('2026-03-01T10:00:00Z'),
    ...given,
  };
}
