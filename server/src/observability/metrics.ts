import { type BatchStatus, batchStatuses, type ProcessingType, processingTypes } from '@sdp/shared/contracts';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Why an upload was turned away; a closed list, as all labels are. */
export const refusalReasons = ['pii', 'invalid', 'unauthorized', 'conflict', 'limit', 'busy', 'other'] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** Who came upon something that isn't as it was written: a request, a worker on a batch, or the sweeper. */
export const integrityChecks = ['request', 'worker', 'sweep'] as const;
export type IntegrityCheck = (typeof integrityChecks)[number];

/** The routes of the API, as labels: a path itself would bring ids with it. */
export type MetricRoute = string;

export interface Metrics {
  readonly registry: Registry;
  requestDone(labels: { method: string; route: MetricRoute; status: number }, seconds: number): void;
  recordsAccepted(type: ProcessingType, count: number): void;
  uploadRefused(reason: RefusalReason): void;
  messagesPublished(count: number): void;
  /** Something stored isn't as it was written. */
  integrityFailed(check: IntegrityCheck, count: number): void;
  batchFinished(type: ProcessingType, status: BatchStatus, seconds: number): void;
  /** Whether this process writes the audit ledger; asked at every scrape. */
  watchLedger(state: () => 'writing' | 'standby' | 'halted'): void;
  /** Asked at every scrape. */
  watchOutbox(lag: () => Promise<{ readonly messages: number; readonly oldestSeconds: number }>): void;
}

const methods = new Set(['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS']);
const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'sdp_http_request_duration_seconds',
    help: 'Time from a request to the end of its answer',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: seconds,
    registers,
  });
  const records = new Counter({
    name: 'sdp_records_accepted_total',
    help: 'Records stored',
    labelNames: ['processing_type'] as const,
    registers,
  });
  const refusals = new Counter({
    name: 'sdp_uploads_refused_total',
    help: 'Uploads turned away, by reason',
    labelNames: ['reason'] as const,
    registers,
  });
  const batches = new Histogram({
    name: 'sdp_batch_processing_seconds',
    help: 'Time a worker spent on a batch',
    labelNames: ['processing_type', 'status'] as const,
    buckets: [0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800],
    registers,
  });
  const published = new Counter({
    name: 'sdp_outbox_published_total',
    help: 'Messages moved from the outbox to the bus',
    registers,
  });
  const integrity = new Counter({
    name: 'record_integrity_failures_total',
    help: 'Stored data found not to be as it was written',
    labelNames: ['check'] as const,
    registers,
  });
  for (const check of integrityChecks) integrity.inc({ check }, 0);
  for (const type of processingTypes) records.inc({ processing_type: type }, 0);
  for (const reason of refusalReasons) refusals.inc({ reason }, 0);
  for (const type of processingTypes) {
    for (const status of batchStatuses) {
      if (status !== 'RECEIVED' && status !== 'PROCESSING') batches.zero({ processing_type: type, status });
    }
  }
  return {
    registry,
    requestDone: ({ method, route, status }, elapsed) =>
      requests.observe(
        { method: methods.has(method) ? method : 'other', route, status: `${Math.floor(status / 100)}xx` },
        elapsed,
      ),
    recordsAccepted: (type, count) => records.inc({ processing_type: type }, count),
    uploadRefused: (reason) => refusals.inc({ reason }),
    messagesPublished: (count) => published.inc(count),
    integrityFailed: (check, count) => integrity.inc({ check }, count),
    batchFinished: (type, status, elapsed) => batches.observe({ processing_type: type, status }, elapsed),
    watchOutbox: (lag) => watchOutbox(registry, lag),
    watchLedger: (state) => watchLedger(registry, state),
  };
}

function watchLedger(registry: Registry, state: () => 'writing' | 'standby' | 'halted'): void {
  new Gauge({
    name: 'sdp_audit_ledger_state',
    help: '1 for what this process does with the audit ledger; halted wants an operator',
    labelNames: ['state'] as const,
    registers: [registry],
    collect() {
      for (const each of ['writing', 'standby', 'halted'] as const) this.set({ state: each }, each === state() ? 1 : 0);
    },
  });
}

function watchOutbox(registry: Registry, lag: () => Promise<{ messages: number; oldestSeconds: number }>): void {
  const age = new Gauge({
    name: 'sdp_outbox_oldest_seconds',
    help: 'Age of the oldest message not yet on the bus',
    registers: [registry],
  });
  new Gauge({
    name: 'sdp_outbox_messages',
    help: 'Messages stored and not yet on the bus',
    registers: [registry],
    async collect() {
      try {
        const { messages, oldestSeconds } = await lag();
        this.set(messages);
        age.set(oldestSeconds);
      } catch {
        // A scrape must not fail with the database; readiness tells of it.
        this.reset();
      }
    },
  });
}
