import { z } from 'zod';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();
const at = z.iso.datetime();

/** A signed head of the audit ledger; docs/integrity.md has the bytes that are signed. */
export const ledgerHeadSchema = z
  .strictObject({
    size: count,
    root: hash,
    chain: hash,
    signed_at: at,
    key_id: z.string().regex(/^[0-9a-f]{16}$/),
    signature: z.string().regex(/^[0-9a-f]{128}$/),
  })
  .meta({ id: 'LedgerHead' });
export type LedgerHead = z.infer<typeof ledgerHeadSchema>;

/** `GET /api/v1/integrity`. */
export const integritySchema = z
  .strictObject({
    ledger: z.strictObject({
      /** What the process that answered does: of several one writes; `halted` wants an operator. */
      state: z.enum(['writing', 'standby', 'halted']),
      /** Ed25519, 32 bytes as URL-safe base64. */
      public_key: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
      head: ledgerHeadSchema.nullable(),
      /** The last head that this process anchored outside the database, or found there. */
      anchored: ledgerHeadSchema.nullable(),
    }),
    /** The last whole check of what is stored. */
    sweep: z.strictObject({ started_at: at, finished_at: at, batches: count, rows: count, failures: count }).nullable(),
  })
  .meta({ id: 'Integrity' });
export type Integrity = z.infer<typeof integritySchema>;

/** `GET /api/v1/integrity/inclusion`: that an entry is in the ledger (RFC 9162, 2.1.3). */
export const inclusionProofSchema = z
  .strictObject({
    entry: count,
    size: count,
    source: z.string(),
    source_id: z.string(),
    leaf_hash: hash,
    path: z.array(hash),
    head: ledgerHeadSchema,
  })
  .meta({ id: 'InclusionProof' });
export type InclusionProofAnswer = z.infer<typeof inclusionProofSchema>;

/** `GET /api/v1/integrity/consistency`: that the ledger only grew (RFC 9162, 2.1.4). */
export const consistencyProofSchema = z
  .strictObject({ first: count, second: count, path: z.array(hash), head: ledgerHeadSchema })
  .meta({ id: 'ConsistencyProof' });
export type ConsistencyProofAnswer = z.infer<typeof consistencyProofSchema>;
