import { z } from 'zod';

/**
 * A copy of a client's vault on the server: what `sdp vault push` sends and `sdp vault pull` fetches. The server holds
 * no key for any of it. Names of namespaces, values and what happened to them are sealed; what stands in the open is
 * random or a keyed digest under a key that never leaves the client.
 */

/** Entries, erasures or namespaces a request or a page may hold. */
export const vaultCopyPageLimit = 10_000;

const digest = z.string().regex(/^[0-9a-f]{32}$/);
const longDigest = z.string().regex(/^[0-9a-f]{64}$/);
/** Longest sealed value that is taken, in characters of base64url: 1 MiB of ciphertext. */
const sealed = z
  .string()
  .regex(/^[A-Za-z0-9_-]+$/)
  .max(1_400_000);

/**
 * `namespace` and `token` are 128 bits in hex, `erasure` 256; by the latter the client names the entry when it has it
 * erased. `sealed` is nonce, ciphertext and tag in base64url.
 */
export const vaultCopyEntrySchema = z
  .strictObject({ namespace: digest, token: digest, erasure: longDigest, sealed })
  .meta({ id: 'VaultCopyEntry' });
export type VaultCopyEntry = z.infer<typeof vaultCopyEntrySchema>;

/** What a namespace is called and how it treats its values, sealed. */
export const vaultCopyNamespaceSchema = z
  .strictObject({ namespace: digest, sealed })
  .meta({ id: 'VaultCopyNamespace' });
export type VaultCopyNamespace = z.infer<typeof vaultCopyNamespaceSchema>;

/**
 * What the copy consists of, sealed: the client finds out by it what the server leaves away, adds or puts back. Every
 * change of the copy brings a new one along, with the next sequence number.
 */
export const vaultCopyHeadSchema = z.strictObject({ sequence: z.int().min(1), sealed }).meta({ id: 'VaultCopyHead' });
export type VaultCopyHead = z.infer<typeof vaultCopyHeadSchema>;

/** `POST /api/v1/vault-copy/entries`. Entries that are there already stay as they are. 409 unless the head is the next. */
export const vaultCopyPushSchema = z
  .strictObject({
    namespaces: z.array(vaultCopyNamespaceSchema).max(vaultCopyPageLimit).default([]),
    entries: z.array(vaultCopyEntrySchema).max(vaultCopyPageLimit).default([]),
    head: vaultCopyHeadSchema,
  })
  .meta({ id: 'VaultCopyPush' });
export type VaultCopyPush = z.infer<typeof vaultCopyPushSchema>;

export const vaultCopyPushedSchema = z
  .strictObject({
    /** Entries that were new to the server. */
    stored: z.int().min(0),
    /** Entries that were refused because they were erased before. */
    erased: z.int().min(0),
  })
  .meta({ id: 'VaultCopyPushed' });
export type VaultCopyPushed = z.infer<typeof vaultCopyPushedSchema>;

/** An entry that was erased: what stays of it everywhere. `erased_on` counts days from 1970-01-01 in UTC. */
export const vaultCopyErasureSchema = z
  .strictObject({ namespace: digest, erasure: longDigest, erased_on: z.int().min(0).max(100_000) })
  .meta({ id: 'VaultCopyErasure' });
export type VaultCopyErasure = z.infer<typeof vaultCopyErasureSchema>;

/** `POST /api/v1/vault-copy/erasures`: these entries go, and never come back. 409 unless the head is the next. */
export const vaultCopyEraseSchema = z
  .strictObject({
    erasures: z.array(vaultCopyErasureSchema).min(1).max(vaultCopyPageLimit),
    head: vaultCopyHeadSchema,
  })
  .meta({ id: 'VaultCopyErase' });
export type VaultCopyErase = z.infer<typeof vaultCopyEraseSchema>;

/** What an entry is known by once it is erased. */
export const vaultCopyIdSchema = z.strictObject({ namespace: digest, erasure: longDigest }).meta({ id: 'VaultCopyId' });
export type VaultCopyId = z.infer<typeof vaultCopyIdSchema>;

/** `POST /api/v1/vault-copy/lookup`. */
export const vaultCopyLookupSchema = z
  .strictObject({ ids: z.array(vaultCopyIdSchema).min(1).max(vaultCopyPageLimit) })
  .meta({ id: 'VaultCopyLookup' });

/** What the copy has under the ids that were asked for; of those that are missing here it has nothing. */
export const vaultCopyKnownSchema = z
  .strictObject({
    known: z
      .array(
        z.strictObject({
          /** Place of the id in the request. */
          index: z.int().min(0).max(vaultCopyPageLimit),
          stored: z.boolean(),
          /** Day of its erasure. */
          erased_on: z.int().min(0).max(100_000).nullable(),
        }),
      )
      .max(vaultCopyPageLimit),
  })
  .meta({ id: 'VaultCopyKnown' });
export type VaultCopyKnown = z.infer<typeof vaultCopyKnownSchema>;

export const vaultCopyErasedSchema = z.strictObject({ removed: z.int().min(0) }).meta({ id: 'VaultCopyErased' });
export type VaultCopyErased = z.infer<typeof vaultCopyErasedSchema>;

/** `GET /api/v1/vault-copy`. */
export const vaultCopySchema = z
  .strictObject({
    namespaces: z.array(vaultCopyNamespaceSchema).readonly(),
    entries: z.int().min(0),
    erasures: z.int().min(0),
    /** `null` as long as nothing was pushed. */
    head: vaultCopyHeadSchema.nullable(),
  })
  .meta({ id: 'VaultCopy' });
export type VaultCopy = z.infer<typeof vaultCopySchema>;

const cursor = z.string().max(200).nullable();

/** `GET /api/v1/vault-copy/entries?cursor=`, in an order of the server's own. */
export const vaultCopyEntriesSchema = z
  .strictObject({ entries: z.array(vaultCopyEntrySchema), next_cursor: cursor })
  .meta({ id: 'VaultCopyEntries' });
export type VaultCopyEntries = z.infer<typeof vaultCopyEntriesSchema>;

/** `GET /api/v1/vault-copy/erasures?cursor=`. */
export const vaultCopyErasuresSchema = z
  .strictObject({ erasures: z.array(vaultCopyErasureSchema), next_cursor: cursor })
  .meta({ id: 'VaultCopyErasures' });
export type VaultCopyErasures = z.infer<typeof vaultCopyErasuresSchema>;
