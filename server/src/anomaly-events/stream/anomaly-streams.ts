import { anomalyLevelSchema, anomalyStateSchema, clientIdSchema } from '@sdp/shared/contracts';
import { z } from 'zod';
import type { Pool } from '../../database/index.ts';
import { type LiveStreamSettings, LiveStreams } from '../../live-streams/index.ts';
import { ChangeFeed } from './change-feed.ts';

export interface AnomalyStreamsOptions extends LiveStreamSettings {
  readonly pool: Pool;
  readonly onFailed: (error: unknown) => void;
}

export const anomalyStreamPath = '/api/v1/anomalies/stream';

const positionSchema = z.string().regex(/^\d{1,18}$/);
const nameSchema = z.string().min(1).max(128);
export const anomalyStreamQuerySchema = z.strictObject({
  client_id: clientIdSchema.optional(),
  type: nameSchema.optional().meta({ description: 'An alert_type' }),
  level: anomalyLevelSchema.optional(),
  user_id: nameSchema.optional(),
  state: anomalyStateSchema.optional().meta({ description: 'To which the anomaly came' }),
  after: positionSchema.optional().meta({ description: 'Id of the last event that was seen; 0 for all there are' }),
});

export type AnomalyStreams = LiveStreams<z.output<typeof anomalyStreamQuerySchema>>;

/** Shows anomalies as they are found and handled. */
export function anomalyStreams({ pool, onFailed, ...settings }: AnomalyStreamsOptions): AnomalyStreams {
  return new LiveStreams({
    ...settings,
    ...{ kind: 'anomalies', path: anomalyStreamPath, permission: 'anomalies:read' },
    querySchema: anomalyStreamQuerySchema,
    feed: new ChangeFeed({ pool, onFailed }),
  });
}
