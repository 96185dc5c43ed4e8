import { eventTypes } from '@sdp/shared/contracts';
import { SecureStage, type SecureStageOptions } from '@sdp/shared/messaging';
import { type Pool, withTransaction } from '../database/index.ts';
import type { Logger, Metrics } from '../observability/index.ts';
import type { DataKeyRing } from '../records/index.ts';
import { eventStoreGroup } from './event-flow.ts';
import { createEventStoreMetrics } from './store/event-store-metrics.ts';
import { storeStage } from './store/store-stage.ts';

export interface EventWorkersOptions {
  readonly pool: Pool;
  readonly keyRing: DataKeyRing;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** How messages are opened and held to the rules. */
  readonly secure: Omit<SecureStageOptions, 'group'>;
  /** How long an event is known again. */
  readonly repeatMs: number;
}

export interface EventWorkers {
  /** For its health. */
  readonly stage: SecureStage;
  /** Takes no further batch and finishes those in hand. */
  close(deadlineMs: number): Promise<void>;
}

/** Of each partition; a million events take 36 MB. */
const mostSeen = 2 ** 20;

/**
 * Starts storing recent events. Any number of processes share the partitions.
 *
 * @throws {UnavailableError} `bus-unavailable`
 */
export async function startEventWorkers(options: EventWorkersOptions): Promise<EventWorkers> {
  const { pool, keyRing, logger } = options;
  const metrics = createEventStoreMetrics(options.metrics.registry);
  const seen = { horizonMs: options.repeatMs, maxEvents: mostSeen };
  const stage = new SecureStage({ ...options.secure, group: eventStoreGroup });
  const inTransaction = (work: Parameters<typeof withTransaction<void>>[1]) => withTransaction(pool, work);
  try {
    for (const type of eventTypes) await stage.run(storeStage({ type, pool, keyRing, metrics, inTransaction, seen }));
  } catch (error) {
    await stage.close(0);
    throw error;
  }
  logger.info({}, 'event store started');
  return { stage, close: (deadlineMs) => stage.close(deadlineMs) };
}
