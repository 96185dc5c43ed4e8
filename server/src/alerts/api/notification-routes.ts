import { alertLevelSchema, clientOrAllSchema, deliveryStateSchema, type NotificationList } from '@sdp/shared/contracts';
import { InputError } from '@sdp/shared/errors';
import { Router } from 'express';
import { z } from 'zod';
import { type Pool, withTenants } from '../../database/index.ts';
import { named, parsedAs, principalOf } from '../../http/index.ts';
import type { Guard } from '../../identity/index.ts';
import { listAlerts } from '../store/list-alerts.ts';

export interface NotificationRoutesOptions {
  readonly pool: Pool;
  readonly guard: Guard;
}

const time = z.iso.datetime({ offset: true });

export const notificationQuerySchema = z.strictObject({
  client_id: clientOrAllSchema.optional(),
  level: alertLevelSchema.optional(),
  type: z.string().min(1).max(128).optional(),
  channel: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,62}$/)
    .optional(),
  state: deliveryStateSchema.optional().meta({ description: 'What became of it on a channel' }),
  from: time.optional().meta({ description: 'At this time or later' }),
  before: time.optional().meta({ description: 'Before this time' }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional(),
});

/** `GET /api/v1/notifications`: what people were to be told of, and whether they were. */
export function notificationRoutes({ pool, guard }: NotificationRoutesOptions): Router {
  const router = Router();
  const path = '/api/v1/notifications';
  router.get(path, named(path), ...guard('alerts:read'), async (request, response) => {
    const {
      client_id: clientId,
      from,
      before,
      cursor,
      limit,
      ...query
    } = parsedAs(notificationQuerySchema, request.query);
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    const found = await withTenants(pool, principalOf(response).tenants, (tx) =>
      listAlerts(tx, {
        ...query,
        ...{ clientId, after, limit: limit + 1 },
        from: from === undefined ? undefined : new Date(from),
        before: before === undefined ? undefined : new Date(before),
      }),
    );
    const page = found.slice(0, limit);
    const last = page.at(-1);
    response.json({
      notifications: page,
      next_cursor: found.length > page.length && last ? encodeCursor(last.created_at, last.alert_id) : null,
    } satisfies NotificationList);
  });
  return router;
}

function encodeCursor(at: string, id: string): string {
  return Buffer.from(`${Date.parse(at)} ${id}`).toString('base64url');
}

const cursorPattern = /^(\d{1,15}) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** @throws {InputError} `request-invalid` for anything that {@link encodeCursor} didn't make */
function decodeCursor(text: string): { readonly at: Date; readonly id: string } {
  const [, at, id] = cursorPattern.exec(Buffer.from(text, 'base64url').toString('latin1')) ?? [];
  if (at !== undefined && id !== undefined && !Number.isNaN(new Date(Number(at)).getTime())) {
    return { at: new Date(Number(at)), id };
  }
  throw new InputError('request-invalid', {
    details: { findings: [{ field: 'cursor', message: 'must be the next_cursor of an earlier answer' }] },
  });
}
