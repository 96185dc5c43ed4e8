import { ConfigError } from '@sdp/shared/errors';
import { z } from 'zod';

const base64 = z.string().regex(/^[A-Za-z0-9_-]*$/);

/**
 * One way to open the file: the master key, wrapped.
 */
const wrapSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('passphrase'),
    kdf: z.literal('argon2id'),
    salt: base64.length(22),
    memory_kib: z.int().positive(),
    passes: z.int().positive(),
    lanes: z.int().positive(),
    nonce: base64.length(16),
    sealed: base64.length(64),
  }),
  z.strictObject({
    kind: z.literal('recipients'),
    /** Public, so that one can see for whom the file is. */
    recipients: z.array(z.string().max(3_000)).min(1).max(100),
    age: base64.max(500_000),
  }),
  z.strictObject({ kind: z.literal('kms'), uri: z.string().max(2_000), ciphertext: z.string().max(10_000) }),
  z.strictObject({
    kind: z.literal('keyring'),
    name: z.string().max(200),
    nonce: base64.length(16),
    sealed: base64.length(64),
  }),
]);
export type WrappedKey = z.infer<typeof wrapSchema>;
export type WrapKind = WrappedKey['kind'];

const sealedKeySchema = z.strictObject({
  format: z.literal('sdp-sealed-key'),
  version: z.literal(1),
  /** Random; bound into every wrap, so that a wrap of another file doesn't pass for one of this. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  created_at: z.iso.datetime(),
  /** Each opens the file alone. */
  wraps: z.array(wrapSchema).min(1).max(20),
});

/** A file with a master key that something else opens. */
export type SealedKey = z.infer<typeof sealedKeySchema>;

/** Whether the text is meant to be a sealed key rather than a key. */
export function isSealedKeyText(text: string): boolean {
  return text.trimStart().startsWith('{');
}

/** @throws {ConfigError} `key-invalid` */
export function parseSealedKey(text: string, file: string): SealedKey {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid('The sealed key file is not JSON', file);
  }
  const parsed = sealedKeySchema.safeParse(json);
  if (parsed.success) {
    assertCostBounded(parsed.data, file);
    return parsed.data;
  }
  const { version, format } = (json ?? {}) as { version?: unknown; format?: unknown };
  if (format === 'sdp-sealed-key' && typeof version === 'number' && version > 1) {
    throw invalid('The sealed key file was made by a newer version of sdp', file);
  }
  throw invalid('The sealed key file does not have the fields it should have', file);
}

/**
 * Of Argon2id no less than OWASP's least (19 MiB, 2 passes, or as much work with more memory; Password Storage Cheat
 * Sheet): a file that somebody made cheap to guess is not one to trust a passphrase to. And no more than RFC 9106's
 * first recommendation has of memory, with ten seconds of work for all of the file: one that somebody else wrote can't
 * take the machine.
 */
const argon2Bounds = { leastKib: 19_456, leastWork: 38_912, mostKib: 2_097_152, mostWork: 8_388_608, mostLanes: 64 };

function assertCostBounded({ wraps }: SealedKey, file: string): void {
  const { leastKib, leastWork, mostKib, mostWork, mostLanes } = argon2Bounds;
  let work = 0;
  for (const wrap of wraps) {
    if (wrap.kind !== 'passphrase') continue;
    const { memory_kib: memory, passes, lanes } = wrap;
    if (memory < leastKib || memory * passes < leastWork) {
      throw invalid('The sealed key file asks for less of Argon2id than makes guessing a passphrase costly', file);
    }
    work += memory * passes;
    if (memory > mostKib || work > mostWork || lanes > mostLanes) {
      throw invalid('The sealed key file asks for more of Argon2id than any that sdp wrote', file);
    }
  }
}

export function serializeSealedKey(sealed: SealedKey): string {
  return `${JSON.stringify(sealed, null, 2)}\n`;
}

function invalid(message: string, file: string): ConfigError {
  return new ConfigError('key-invalid', {
    message,
    remedy: 'Name the file that `sdp keygen` wrote, or restore a copy of it.',
    details: { file },
  });
}
