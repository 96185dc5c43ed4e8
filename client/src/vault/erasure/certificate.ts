import { constantTimeEqual, deriveKey, hmacHex } from '@sdp/shared/crypto';
import { IntegrityError } from '@sdp/shared/errors';
import * as z from 'zod';
import type { Keyring } from '../keyring.ts';

const count = z.int().nonnegative();

/** Says what was erased, when and how surely; without any value or token. Authenticated with a key of the vault. */
const certificateSchema = z.strictObject({
  sdp_certificate: z.literal(1),
  kind: z.literal('erasure'),
  vault_id: z.string(),
  /** ISO 8601, UTC. */
  erased_at: z.string(),
  tool_version: z.string(),
  /** How many tokens and values were asked for, and in which namespaces; `null` for all. */
  asked: z.strictObject({ tokens: count, values: count, namespaces: z.array(z.string()).nullable() }),
  erased: z.array(z.strictObject({ namespace: z.string(), entries: count })),
  entries: count,
  erased_before: count,
  unknown: count,
  /** Keyed digests of the vault's sealed state, by which backups before and after can be told apart. */
  state_before: z.string(),
  state_after: z.string(),
  tombstones: count,
  /** Bytes of the vault's files that were searched for what was erased, and what was found there. */
  search: z.strictObject({ bytes: count, found: count, file_written_anew: z.boolean() }),
  /** Where the values may still be, as far as the vault can tell: it reaches its own files alone. */
  not_reached: z.array(z.string()),
  /** Whether nothing is left in the vault's files. */
  complete: z.boolean(),
  /** HMAC-SHA-256 over all the other fields. */
  mac: z.string(),
});

export type ErasureCertificate = z.infer<typeof certificateSchema>;

export function signCertificate(
  keys: Pick<Keyring, 'manifest'>,
  fields: Omit<ErasureCertificate, 'mac' | 'sdp_certificate' | 'kind'>,
): ErasureCertificate {
  const unsigned = { sdp_certificate: 1 as const, kind: 'erasure' as const, ...fields };
  return { ...unsigned, mac: macOf(keys, unsigned) };
}

/**
 * Reads a certificate and checks that a vault with these keys made it and nothing in it was changed.
 *
 * @throws {IntegrityError} `certificate-invalid`
 */
export function checkCertificate(keys: Pick<Keyring, 'manifest' | 'vaultId'>, text: string): ErasureCertificate {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new IntegrityError('certificate-invalid', { message: 'The file is no certificate' });
  }
  const { success, data } = certificateSchema.safeParse(parsed);
  if (!success) throw new IntegrityError('certificate-invalid', { message: 'The file is no certificate' });
  const { mac, ...unsigned } = data;
  if (data.vault_id !== keys.vaultId) {
    throw new IntegrityError('certificate-invalid', { message: 'The certificate is of another vault' });
  }
  if (!constantTimeEqual(mac, macOf(keys, unsigned))) throw new IntegrityError('certificate-invalid');
  return data;
}

function macOf(keys: Pick<Keyring, 'manifest'>, unsigned: Omit<ErasureCertificate, 'mac'>): string {
  return hmacHex(deriveKey(keys.manifest, 'certificate-v1'), JSON.stringify(sorted(unsigned)));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
