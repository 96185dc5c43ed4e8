import { SecureProducer, type SecureProducerOptions, type StageBus } from '@sdp/shared/messaging';
import type { Router } from 'express';
import type { RecordAudit } from '../audit/index.ts';
import type { Pool } from '../database/index.ts';
import { itemRate } from '../http/index.ts';
import type { LiveStreamSettings } from '../live-streams/index.ts';
import { errorFields, type Logger, type Metrics } from '../observability/index.ts';
import type { DataKeyRing } from '../records/index.ts';
import { createEventApiMetrics } from './api/event-api-metrics.ts';
import { intakeRoutes } from './api/intake-routes.ts';
import { readRoutes } from './api/read-routes.ts';
import { EventIntake } from './intake/event-intake.ts';
import { LagGate } from './intake/lag-gate.ts';
import { RefusalTrail } from './intake/refusal-trail.ts';
import { tellOverload } from './intake/tell-overload.ts';
import { waitingEvents } from './intake/waiting-events.ts';
import { eventStreams } from './stream/event-streams.ts';

export interface EventApiOptions {
  readonly bus: StageBus;
  readonly pool: Pool;
  readonly keyRing: DataKeyRing;
  readonly recordAudit: RecordAudit;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly streams: LiveStreamSettings;
  /** How messages are checked, sealed and noted. */
  readonly messaging: Omit<SecureProducerOptions, 'bus' | 'tenant'>;
  /** Of one stream of events, after decompression. */
  readonly maxStreamBytes: number;
  readonly settings: {
    readonly ratePerMinute: number;
    readonly maxRequests: number;
    /** Messages that wait to be stored. */
    readonly maxBacklog: number;
  };
}

export interface EventApi {
  readonly routers: readonly Router[];
  /** Ends streams, at once: an HTTP server waits for them otherwise. */
  endStreams(): Promise<void>;
  /** Waits for what is being sent. Call it when no request is left. */
  close(): Promise<void>;
}

/** Of one request as JSON. */
const largestRequest = 5_000;
/** Who hands in events knows best when to try again: better told soon than kept waiting. */
const maxWaitMs = 5_000;

/**
 * Starts what an API process needs to take events and to show recent ones.
 *
 * @throws {UnavailableError} `bus-unavailable`
 */
export async function startEventApi(options: EventApiOptions): Promise<EventApi> {
  const { bus, pool, keyRing, settings, maxStreamBytes, logger } = options;
  const { guard } = options.streams;
  const metrics = createEventApiMetrics(options.metrics.registry);
  // Each message says whose it is.
  const producer = new SecureProducer({ ...options.messaging, bus, tenant: 'sdp-server', maxWaitMs });
  await producer.connect();
  const gate = new LagGate({
    lagOf: waitingEvents(bus),
    maxMessages: settings.maxBacklog,
    onOverload: (messages) => void tellOverload({ pool, logger, maxMessages: settings.maxBacklog }, messages),
  });
  metrics.watchLag(() => gate.messages);
  const trail = new RefusalTrail({
    record: (entry) => options.recordAudit(pool, entry),
    onFailed: () => logger.warn({}, 'a refusal of events could not be written to the audit trail'),
  });
  const intake = new EventIntake({ producer, gate, onAccepted: metrics.accepted });
  const streams = eventStreams({
    ...options.streams,
    ...{ pool, keyRing },
    onFailed: (error) => logger.warn(errorFields(error), 'events can not be followed, it will be tried again'),
  });
  return {
    routers: [
      streams.routes(),
      intakeRoutes({
        ...{ intake, trail, metrics, guard, maxStreamBytes, maxRequests: settings.maxRequests },
        rate: itemRate(settings.ratePerMinute, largestRequest),
      }),
      readRoutes({ pool, keyRing, guard }),
    ],
    endStreams: () => streams.close(),
    close: async () => {
      await producer.close();
      await trail.drained();
    },
  };
}
