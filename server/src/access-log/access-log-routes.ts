import { type AccessEntry, type AccessLogPage, clientIdSchema } from '@sdp/shared/contracts';
import { InputError } from '@sdp/shared/errors';
import { Router } from 'express';
import { z } from 'zod';
import { type Pool, withTenants } from '../database/index.ts';
import { named, principalOf } from '../http/index.ts';
import { type Guard, permissionNames, roles } from '../identity/index.ts';

export interface AccessLogRoutesOptions {
  readonly pool: Pool;
  readonly guard: Guard;
}

const idSchema = z.string().regex(/^[A-Za-z0-9._:@+-]{1,200}$/);

export const accessLogQuerySchema = z.strictObject({
  principal_id: idSchema.optional(),
  role: z.enum(roles).optional(),
  client_id: clientIdSchema.optional(),
  permission: z.enum(permissionNames as [string, ...string[]]).optional(),
  resource_id: idSchema.optional(),
  allowed: z.enum(['true', 'false']).optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  before: z.iso.datetime({ offset: true }).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional(),
});

interface AccessRow extends Omit<AccessEntry, 'at'> {
  readonly at: Date;
}

/** `GET /api/v1/access-log`: who was let in to what and who wasn't, newest first, of the clients that the caller may see. */
export function accessLogRoutes({ pool, guard }: AccessLogRoutesOptions): Router {
  const router = Router();
  const path = '/api/v1/access-log';
  router.get(path, named(path), ...guard('access-log:read'), async (request, response) => {
    const query = parsed(request.query);
    const { rows } = await withTenants(pool, principalOf(response).tenants, (tx) =>
      tx.query<AccessRow>(
        `SELECT access_id::text, at, principal_kind, principal_id, role, client_id, permission, resource, resource_id, allowed,
                code, request_id, requests
           FROM access_log
          WHERE ($1::text IS NULL OR principal_id = $1) AND ($2::text IS NULL OR role = $2)
            AND ($3::text IS NULL OR client_id = $3) AND ($4::text IS NULL OR permission = $4)
            AND ($5::text IS NULL OR resource_id = $5) AND ($6::boolean IS NULL OR allowed = $6)
            AND ($7::timestamptz IS NULL OR at >= $7) AND ($8::timestamptz IS NULL OR at < $8)
            AND ($9::bigint IS NULL OR access_id < $9)
          ORDER BY access_log.access_id DESC LIMIT $10`,
        [
          ...[query.principal_id ?? null, query.role ?? null, query.client_id ?? null, query.permission ?? null],
          ...[query.resource_id ?? null, query.allowed ?? null, query.from ?? null, query.before ?? null],
          ...[query.cursor ?? null, query.limit + 1],
        ],
      ),
    );
    const page = rows.slice(0, query.limit);
    response.json({
      entries: page.map((row) => ({ ...row, at: row.at.toISOString() })),
      next_cursor: rows.length > page.length ? (page.at(-1)?.access_id ?? null) : null,
    } satisfies AccessLogPage);
  });
  return router;
}

function parsed(value: unknown): z.infer<typeof accessLogQuerySchema> {
  const result = accessLogQuerySchema.safeParse(value);
  if (result.success) return result.data;
  const findings = result.error.issues.slice(0, 20).map(({ path }) => ({
    field: path.map(String).join('.') || 'query',
    message: 'missing, unknown or invalid',
  }));
  throw new InputError('request-invalid', { details: { findings } });
}
