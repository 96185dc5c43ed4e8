import {
  type ConsistencyProofAnswer,
  consistencyProofSchema,
  type InclusionProofAnswer,
  type Integrity,
  inclusionProofSchema,
  integritySchema,
  type LedgerHead,
} from '@sdp/shared/contracts';
import { proveConsistency, proveInclusion } from '@sdp/shared/crypto';
import { InputError, RejectedError } from '@sdp/shared/errors';
import { Router } from 'express';
import { z } from 'zod';
import {
  headOver,
  type LedgerKey,
  lastHead,
  leafAt,
  type Sequencer,
  type SignedHead,
  subtreeReader,
} from '../audit/index.ts';
import { type Pool, query } from '../database/index.ts';
import { type ApiPaths, jsonContent, named, problemContent } from '../http/index.ts';
import type { Guard } from '../identity/index.ts';

export interface IntegrityRoutesOptions {
  readonly pool: Pool;
  readonly guard: Guard;
  readonly key: LedgerKey;
  readonly ledger: Pick<Sequencer, 'state' | 'anchored'>;
}

const whole = z.coerce.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

export const inclusionQuerySchema = z.strictObject({ entry: whole, size: whole.optional() });
export const consistencyQuerySchema = z.strictObject({ first: whole.min(1), second: whole.optional() });

/** `GET /api/v1/integrity` and the ledger's proofs. */
export function integrityRoutes({ pool, guard, key, ledger }: IntegrityRoutesOptions): Router {
  const router = Router();
  const base = '/api/v1/integrity';
  router.get(base, named(base), ...guard('integrity:read'), async (_request, response) => {
    const head = await lastHead(pool);
    const { rows } = await query<SweepRow>(pool, 'SELECT * FROM integrity_sweep ORDER BY sweep_id DESC LIMIT 1');
    const [swept] = rows;
    response.json({
      ledger: {
        state: ledger.state,
        public_key: key.publicKeyText,
        head: head ? present(head) : null,
        anchored: ledger.anchored ? present(ledger.anchored) : null,
      },
      sweep: swept
        ? {
            started_at: swept.started_at.toISOString(),
            finished_at: swept.finished_at.toISOString(),
            batches: swept.batches,
            rows: Number(swept.rows),
            failures: swept.failures,
          }
        : null,
    } satisfies Integrity);
  });

  const inclusion = `${base}/inclusion`;
  router.get(inclusion, named(inclusion), ...guard('audit:read'), async (request, response) => {
    const { entry, size } = parsed(inclusionQuerySchema, request.query);
    const head = await headOf(pool, size);
    const leaf = entry < head.size ? await leafAt(pool, entry) : undefined;
    if (!leaf) throw new RejectedError('not-found');
    const { path } = await proveInclusion(subtreeReader(pool), entry, head.size);
    response.json({
      ...{ entry, size: head.size, source: leaf.source, source_id: leaf.sourceId },
      leaf_hash: leaf.leafHash.toString('hex'),
      path: path.map(hex),
      head: present(head),
    } satisfies InclusionProofAnswer);
  });

  const consistency = `${base}/consistency`;
  router.get(consistency, named(consistency), ...guard('audit:read'), async (request, response) => {
    const { first, second } = parsed(consistencyQuerySchema, request.query);
    const head = await headOf(pool, second);
    if (first > head.size) throw new RejectedError('not-found');
    const { path } = await proveConsistency(subtreeReader(pool), first, head.size);
    response.json({
      first,
      second: head.size,
      path: path.map(hex),
      head: present(head),
    } satisfies ConsistencyProofAnswer);
  });
  return router;
}

interface SweepRow {
  readonly started_at: Date;
  readonly finished_at: Date;
  readonly batches: number;
  readonly rows: string;
  readonly failures: number;
}

/** The head over so many entries, the last one where none is asked for. @throws {RejectedError} `not-found` */
async function headOf(pool: Pool, size: number | undefined): Promise<SignedHead> {
  const head = size === undefined ? await lastHead(pool) : await headOver(pool, size);
  if (!head) throw new RejectedError('not-found');
  return head;
}

function present({ size, root, chain, signedAt, keyId, signature }: SignedHead): LedgerHead {
  return { size, root, chain, signed_at: signedAt, key_id: keyId, signature };
}

function hex(hash: Uint8Array): string {
  return Buffer.from(hash).toString('hex');
}

function parsed<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const findings = result.error.issues
    .slice(0, 20)
    .map(({ path }) => ({ field: path.join('.'), message: 'missing, unknown or invalid' }));
  throw new InputError('request-invalid', { details: { findings } });
}

const refusals = {
  '401': problemContent('Nobody known is asking'),
  '403': problemContent('The role does not allow this'),
  '429': problemContent('Too many requests; Retry-After says when to go on'),
  '503': problemContent('Not at the moment; Retry-After says when to try again'),
};
const proofRefusals = {
  ...refusals,
  '404': problemContent('No head was signed over so many entries, or there is no such entry'),
  '422': problemContent('Not valid'),
};

/** Paths of the integrity of what is stored. */
export const integrityPaths: ApiPaths = {
  '/api/v1/integrity': {
    get: {
      summary: 'How the audit ledger stands, and when all that is stored was verified last',
      responses: { '200': { description: 'The state', ...jsonContent(integritySchema) }, ...refusals },
    },
  },
  '/api/v1/integrity/inclusion': {
    get: {
      summary: 'Proof that an entry is in the audit ledger, under a signed head',
      requestParams: { query: inclusionQuerySchema },
      responses: { '200': { description: 'The proof', ...jsonContent(inclusionProofSchema) }, ...proofRefusals },
    },
  },
  '/api/v1/integrity/consistency': {
    get: {
      summary: 'Proof that the audit ledger only grew from one size to that of a signed head',
      requestParams: { query: consistencyQuerySchema },
      responses: { '200': { description: 'The proof', ...jsonContent(consistencyProofSchema) }, ...proofRefusals },
    },
  },
};
