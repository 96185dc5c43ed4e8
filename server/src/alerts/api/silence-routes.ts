import { newSilenceSchema } from '@sdp/shared/contracts';
import { InputError, RejectedError } from '@sdp/shared/errors';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { RecordAudit } from '../../audit/index.ts';
import { checkMetadata } from '../../batches/index.ts';
import { type Pool, withTenants } from '../../database/index.ts';
import { clientOf, named, parsedAs, principalOf, readJsonBody } from '../../http/index.ts';
import type { Guard } from '../../identity/index.ts';
import { addSilence, endSilence, listSilences } from '../store/silence-store.ts';

export interface SilenceRoutesOptions {
  readonly pool: Pool;
  readonly guard: Guard;
  readonly recordAudit: RecordAudit;
}

export const silenceQuerySchema = z.strictObject({
  state: z.enum(['active', 'all']).default('active'),
  limit: z.coerce.number().int().min(1).max(500).default(200),
});

const maxBytes = 65_536;
const longestMs = 366 * 86_400_000;

/** Silences: what keeps alerts from being told of until a time. Each is for the client that is named, or for all. */
export function silenceRoutes({ pool, guard, recordAudit }: SilenceRoutesOptions): Router {
  const router = Router();

  const all = '/api/v1/silences';
  router.get(all, named(all), ...guard('alerts:manage'), async (request, response) => {
    const { state, limit } = parsedAs(silenceQuerySchema, request.query);
    const silences = await withTenants(pool, principalOf(response).tenants, (tx) =>
      listSilences(tx, state === 'active', limit),
    );
    response.json({ silences });
  });

  router.post(all, named(all), ...guard('alerts:manage'), async (request, response) => {
    const { kind, id, tenants } = principalOf(response);
    const clientId = forWhom(response);
    const { match, until, reason } = parsedAs(newSilenceSchema, await readJsonBody(request, maxBytes));
    checkMetadata({ reason, match });
    const endsAt = checkedEnd(until);
    const silence = await withTenants(pool, tenants, async (tx) => {
      const made = await addSilence(tx, { clientId, match, reason, by: { kind, id }, until: endsAt });
      await recordAudit(tx, {
        actor: { kind, id },
        action: 'silence.created',
        subject: made.silence_id,
        clientId: clientId === '*' ? undefined : clientId,
        detail: { until: made.until },
      });
      return made;
    });
    response.status(201).json(silence);
  });

  const one = `${all}/:silenceId`;
  router.delete(one, named(one), ...guard('alerts:manage'), async (request, response) => {
    const { kind, id, tenants } = principalOf(response);
    const silenceId = idIn(request);
    const silence = await withTenants(pool, tenants, async (tx) => {
      const ended = await endSilence(tx, silenceId, { kind, id });
      if (ended?.isEnded) {
        const { client_id: clientId } = ended.silence;
        await recordAudit(tx, {
          actor: { kind, id },
          action: 'silence.ended',
          subject: silenceId,
          clientId: clientId === '*' ? undefined : clientId,
        });
      }
      return ended?.silence;
    });
    if (!silence) throw new RejectedError('not-found');
    response.json(silence);
  });
  return router;
}

/** Who sees all clients and names none means all of them. @throws {InputError} `request-invalid` */
function forWhom(response: Response): string {
  const { clientId, tenants } = principalOf(response);
  return clientId === undefined && tenants === '*' ? '*' : clientOf(response);
}

/** @throws {InputError} `request-invalid` */
function checkedEnd(until: string): Date {
  const endsAt = new Date(until);
  const lasts = endsAt.getTime() - Date.now();
  if (lasts > 0 && lasts <= longestMs) return endsAt;
  throw new InputError('request-invalid', {
    details: { findings: [{ field: 'until', message: 'must be in the future, within a year' }] },
  });
}

/** @throws {RejectedError} `not-found`: what isn't an id names no silence */
function idIn(request: Request): string {
  const id = z.uuid().safeParse(request.params['silenceId']);
  if (!id.success) throw new RejectedError('not-found');
  return id.data;
}
