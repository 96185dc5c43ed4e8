import {
  type VaultCopy,
  type VaultCopyEntries,
  type VaultCopyEntry,
  type VaultCopyErased,
  type VaultCopyErasures,
  type VaultCopyKnown,
  type VaultCopyPushed,
  vaultCopyEraseSchema,
  vaultCopyLookupSchema,
  vaultCopyPageLimit,
  vaultCopyPushSchema,
} from '@sdp/shared/contracts';
import { InputError, RejectedError } from '@sdp/shared/errors';
import express, { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { clientOf, named } from '../http/index.ts';
import type { Guard } from '../identity/index.ts';
import type { EntryPosition, ErasurePosition, VaultCopyStore } from './vault-copy-store.ts';

export interface VaultCopyRoutesOptions {
  readonly store: VaultCopyStore;
  readonly guard: Guard;
}

const bodyLimitBytes = 32 * 1024 * 1024;
/** Of ciphertext on one page, so that long values make short pages. */
const pageCharacters = 1_500_000;
const positionPattern = /^([0-9a-f]{32})\.([0-9a-f]{32}|[0-9a-f]{64})$/;

export const vaultCopyPageQuerySchema = z.object({
  limit: z.coerce.number().int().min(1).max(vaultCopyPageLimit).default(vaultCopyPageLimit),
  cursor: z.string().max(200).optional(),
});

/** Everything under `/api/v1/vault-copy`. It needs the scope `vault:copy`, which no key has unless it is asked for. */
export function vaultCopyRoutes({ store, guard }: VaultCopyRoutesOptions): Router {
  const router = Router();
  const base = '/api/v1/vault-copy';
  const guarded = (route: string) => [named(route), ...guard('vault:copy')];
  const body = [express.json({ limit: bodyLimitBytes, strict: true }), bodyErrors];

  router.get(base, ...guarded(base), async (_request, response) => {
    const copy: VaultCopy = await store.counts(clientOf(response));
    response.json(copy);
  });

  router.delete(base, ...guarded(base), async (_request, response) => {
    const removed = await store.remove(clientOf(response));
    response.json({ removed } satisfies VaultCopyErased);
  });

  const entries = `${base}/entries`;
  router.post(entries, ...guarded(entries), ...body, async (request: Request, response: Response) => {
    const push = parsed(vaultCopyPushSchema, request.body);
    const done: VaultCopyPushed = await store.push(clientOf(response), push);
    response.json(done);
  });
  router.get(entries, ...guarded(entries), async (request, response) => {
    const { limit, cursor } = parsed(vaultCopyPageQuerySchema, request.query);
    const page = await store.entriesAfter(clientOf(response), entryAt(cursor), limit + 1);
    const shown = page.slice(0, Math.min(limit, entriesWithin(page, pageCharacters)));
    const last = shown.at(-1);
    const next = page.length > shown.length && last ? `${last.namespace}.${last.token}` : null;
    response.json({ entries: shown, next_cursor: next } satisfies VaultCopyEntries);
  });

  const erasures = `${base}/erasures`;
  router.post(erasures, ...guarded(erasures), ...body, async (request: Request, response: Response) => {
    const erase = parsed(vaultCopyEraseSchema, request.body);
    const removed = await store.erase(clientOf(response), erase);
    response.json({ removed } satisfies VaultCopyErased);
  });
  router.get(erasures, ...guarded(erasures), async (request, response) => {
    const { limit, cursor } = parsed(vaultCopyPageQuerySchema, request.query);
    const page = await store.erasuresAfter(clientOf(response), erasureAt(cursor), limit + 1);
    const shown = page.slice(0, limit);
    const last = shown.at(-1);
    const next = page.length > limit && last ? `${last.namespace}.${last.erasure}` : null;
    response.json({ erasures: shown, next_cursor: next } satisfies VaultCopyErasures);
  });

  const lookup = `${base}/lookup`;
  router.post(lookup, ...guarded(lookup), ...body, async (request: Request, response: Response) => {
    const { ids } = parsed(vaultCopyLookupSchema, request.body);
    const known = await store.lookup(clientOf(response), ids);
    response.json({ known } satisfies VaultCopyKnown);
  });
  return router;
}

/** The body parser's own messages quote the body; any other error passes. */
const bodyErrors: express.ErrorRequestHandler = (error: unknown, _request, _response, next) => {
  const type = (error as { type?: unknown } | undefined)?.type;
  if (typeof type !== 'string') next(error);
  else next(type === 'entity.too.large' ? new RejectedError('payload-too-large') : new InputError('request-malformed'));
};

function parsed<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const findings = result.error.issues
    .slice(0, 20)
    .map(({ path }) => ({ field: path.join('.'), message: 'missing, unknown or invalid' }));
  throw new InputError('request-invalid', { details: { findings, count: result.error.issues.length } });
}

/** How many entries fit a page; one does in any case. */
function entriesWithin(entries: readonly VaultCopyEntry[], characters: number): number {
  let sum = 0;
  const over = entries.findIndex(({ sealed }) => {
    sum += sealed.length;
    return sum > characters;
  });
  return over < 0 ? entries.length : Math.max(1, over);
}

function entryAt(cursor: string | undefined): EntryPosition | undefined {
  if (cursor === undefined) return undefined;
  const [namespace, token] = positionOf(cursor);
  return { namespace, token };
}

function erasureAt(cursor: string | undefined): ErasurePosition | undefined {
  if (cursor === undefined) return undefined;
  const [namespace, erasure] = positionOf(cursor);
  return { namespace, erasure };
}

function positionOf(cursor: string): [namespace: string, second: string] {
  const [, namespace, second] = positionPattern.exec(cursor) ?? [];
  if (namespace === undefined || second === undefined) throw cursorInvalid();
  return [namespace, second];
}

function cursorInvalid(): InputError {
  return new InputError('request-invalid', {
    details: { findings: [{ field: 'cursor', message: 'must come from an earlier page' }] },
  });
}
