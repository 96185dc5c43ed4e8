import type { Router } from 'express';
import type { RecordAudit } from '../audit/index.ts';
import type { Pool } from '../database/index.ts';
import type { LiveStreamSettings } from '../live-streams/index.ts';
import { errorFields, type Logger } from '../observability/index.ts';
import { anomalyRoutes } from './api/anomaly-routes.ts';
import { anomalyStreams } from './stream/anomaly-streams.ts';

export interface AnomalyApiOptions {
  readonly pool: Pool;
  readonly recordAudit: RecordAudit;
  readonly streams: LiveStreamSettings;
  readonly logger: Pick<Logger, 'warn'>;
}

export interface AnomalyApi {
  /** In this order: the stream's path looks like an anomaly's. */
  readonly routers: readonly Router[];
  /** Ends streams, at once: an HTTP server waits for them otherwise. */
  endStreams(): Promise<void>;
}

/** What an API process needs to show anomalies and have them handled. */
export function createAnomalyApi(options: AnomalyApiOptions): AnomalyApi {
  const { pool, recordAudit, logger } = options;
  const streams = anomalyStreams({
    ...options.streams,
    pool,
    onFailed: (error) => logger.warn(errorFields(error), 'anomalies can not be followed, it will be tried again'),
  });
  return {
    routers: [streams.routes(), anomalyRoutes({ pool, guard: options.streams.guard, recordAudit })],
    endStreams: () => streams.close(),
  };
}
