import type { FraudAlertList } from '@sdp/shared/contracts';
import { InputError } from '@sdp/shared/errors';
import { Router } from 'express';
import { z } from 'zod';
import { onlyTenants, type Pool } from '../../database/index.ts';
import { clientOf, named } from '../../http/index.ts';
import type { Guard } from '../../identity/index.ts';
import { listAlerts } from '../store/alert-store.ts';
import { findingsOf } from './read-transactions-rules.ts';

export const alertsQuerySchema = z.object({
  level: z.enum(['REVIEW', 'DECLINE']).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z
    .string()
    .regex(/^\d{1,18}$/, 'must be the next_cursor of an earlier answer')
    .optional(),
});

/** `GET /api/v1/alerts`: the client's own, newest first. */
export function alertRoutes(pool: Pool, guard: Guard): Router {
  const router = Router();
  const path = '/api/v1/alerts';
  router.get(path, named(path), ...guard('transactions:read'), async (request, response) => {
    const query = alertsQuerySchema.safeParse(request.query);
    if (!query.success) throw new InputError('request-invalid', { details: { findings: findingsOf(query.error) } });
    const { level, limit, cursor: before } = query.data;
    const clientId = clientOf(response);
    const alerts = await listAlerts(onlyTenants(pool, [clientId]), {
      clientId,
      level,
      before,
      limit: limit + 1,
    });
    const page = alerts.slice(0, limit);
    response.json({
      alerts: page,
      next_cursor: alerts.length > limit ? (page.at(-1)?.alert_id ?? null) : null,
    } satisfies FraudAlertList);
  });
  return router;
}
