import {
  type AnomalyDetail,
  type AnomalyList,
  anomalyHandlingSchema,
  anomalyLevelSchema,
  anomalyStateSchema,
  clientIdSchema,
} from '@sdp/shared/contracts';
import { RejectedError } from '@sdp/shared/errors';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { RecordAudit } from '../../audit/index.ts';
import { checkMetadata } from '../../batches/index.ts';
import { type Pool, type PoolClient, withTenants } from '../../database/index.ts';
import { named, parsedAs, principalOf, readJsonBody } from '../../http/index.ts';
import type { Guard } from '../../identity/index.ts';
import { handleAndRecord, readAnomaly } from '../store/anomaly-handling.ts';
import { presentAnomaly } from '../store/anomaly-row.ts';
import { listAnomalies } from '../store/anomaly-store.ts';
import { decodePosition, encodePosition } from './anomaly-cursor.ts';

export interface AnomalyRoutesOptions {
  readonly pool: Pool;
  readonly recordAudit: RecordAudit;
  readonly guard: Guard;
}

const nameSchema = z.string().min(1).max(128);

/** By which anomalies are picked, in lists and streams alike. */
export const anomalyFilterShape = {
  client_id: clientIdSchema.optional(),
  type: nameSchema.optional().meta({ description: 'An alert_type' }),
  level: anomalyLevelSchema.optional(),
  user_id: nameSchema.optional(),
  state: anomalyStateSchema.optional(),
};

export const anomalyListQuerySchema = z.strictObject({
  ...anomalyFilterShape,
  detector: nameSchema.optional(),
  is_alert: z.enum(['true', 'false']).optional(),
  from: z.iso.datetime({ offset: true }).optional().meta({ description: 'At this time or later' }),
  before: z.iso.datetime({ offset: true }).optional().meta({ description: 'Before this time' }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional(),
});

/** Anomalies: looking them up, and saying that somebody looks after them. */
export function anomalyRoutes({ pool, recordAudit, guard }: AnomalyRoutesOptions): Router {
  const router = Router();

  const all = '/api/v1/anomalies';
  router.get(all, named(all), ...guard('anomalies:read'), async (request, response) => {
    const query = parsedAs(anomalyListQuerySchema, request.query);
    const after = query.cursor === undefined ? undefined : decodePosition(query.cursor);
    const { tenants } = principalOf(response);
    const found = await reading(pool, response, (tx) =>
      listAnomalies(tx, tenants, {
        clientId: query.client_id,
        type: query.type,
        level: query.level,
        userId: query.user_id,
        state: query.state,
        detector: query.detector,
        isAlert: query.is_alert === undefined ? undefined : query.is_alert === 'true',
        from: query.from === undefined ? undefined : new Date(query.from),
        before: query.before === undefined ? undefined : new Date(query.before),
        after,
        limit: query.limit + 1,
      }),
    );
    const page = found.slice(0, query.limit);
    const last = page.at(-1);
    response.json({
      anomalies: page.map(presentAnomaly),
      next_cursor:
        found.length > page.length && last ? encodePosition({ at: last.timestamp, id: last.anomaly_id }) : null,
    } satisfies AnomalyList);
  });

  const one = `${all}/:anomalyId`;
  router.get(one, named(one), ...guard('anomalies:read'), async (request, response) => {
    const id = anomalyIdIn(request);
    response.json(await reading(pool, response, (tx) => readAnomaly(tx, id)));
  });

  for (const [deed, to] of [
    ['acknowledge', 'ACKNOWLEDGED'],
    ['resolve', 'RESOLVED'],
  ] as const) {
    const path = `${one}/${deed}`;
    router.post(path, named(path), ...guard('anomalies:handle'), async (request, response) => {
      const id = anomalyIdIn(request);
      const { note } = await readHandling(request);
      const { kind, id: principalId, tenants } = principalOf(response);
      const handling = { to, note: note ?? null, by: { kind, id: principalId } } as const;
      const answer = await withTenants(pool, tenants, async (tx) => {
        await handleAndRecord(tx, recordAudit, id, handling);
        return readAnomaly(tx, id);
      });
      response.json(answer satisfies AnomalyDetail);
    });
  }
  return router;
}

/** One transaction in which everything that is read is of one moment. */
function reading<T>(pool: Pool, response: Response, work: (tx: PoolClient) => Promise<T>): Promise<T> {
  return withTenants(pool, principalOf(response).tenants, async (tx) => {
    await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    return work(tx);
  });
}

/** @throws {RejectedError} `not-found`: what isn't an id names no anomaly */
function anomalyIdIn(request: Request): string {
  const id = z.uuid().safeParse(request.params['anomalyId']);
  if (!id.success) throw new RejectedError('not-found');
  return id.data;
}

const maxBytes = 8_192;

/** Nothing, or a note. */
async function readHandling(request: Request): Promise<z.infer<typeof anomalyHandlingSchema>> {
  const isEmpty = request.get('transfer-encoding') === undefined && Number(request.get('content-length') ?? 0) === 0;
  if (isEmpty) return {};
  const handling = parsedAs(anomalyHandlingSchema, await readJsonBody(request, maxBytes));
  checkMetadata({ note: handling.note });
  return handling;
}
