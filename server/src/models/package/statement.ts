import { createHash } from 'node:crypto';
import { lengthPrefixed } from '@sdp/shared/crypto';
import { IntegrityError } from '@sdp/shared/errors';
import { z } from 'zod';
import { maxPackageBytes, maxPackageFiles, type PackageFiles } from './package-files.ts';

/** What a signer says: this version, for this feature set, is exactly these files. */
export interface Statement {
  readonly version: string;
  readonly featureSetId: string;
  /** Sorted by name. */
  readonly files: readonly PackagedFile[];
  /** Milliseconds since 1970 (UTC), by the signer's clock. */
  readonly signedMs: number;
  readonly keyId: string;
}

export interface PackagedFile {
  readonly name: string;
  readonly sizeBytes: number;
  /** Hex. */
  readonly sha256: string;
}

export interface SignedStatement extends Statement {
  /** Ed25519 (RFC 8032) over {@link statementBytes}. */
  readonly signature: Buffer;
}

export const modelVersionSchema = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,99}$/);
export const featureSetIdSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/);

const format = 'sdp-model-package-v1';

const statementSchema = z.strictObject({
  format: z.literal(format),
  version: modelVersionSchema,
  feature_set: featureSetIdSchema,
  files: z
    .array(
      z.strictObject({
        name: z.string().max(100),
        size: z.int().min(0).max(maxPackageBytes),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .min(1)
    .max(maxPackageFiles),
  signed_at: z.iso.datetime(),
  key_id: z.string().regex(/^[0-9a-f]{16}$/),
  signature: z.string().regex(/^[A-Za-z0-9_-]{86}$/),
});

/** What is signed: every field behind its length, so that no two statements give the same bytes. */
export function statementBytes({ version, featureSetId, files, signedMs, keyId }: Statement): Buffer {
  const listed = files.flatMap(({ name, sizeBytes, sha256 }) => [name, sizeBytes, Buffer.from(sha256, 'hex')]);
  return lengthPrefixed(format, version, featureSetId, keyId, signedMs, files.length, ...listed);
}

export function listFiles(files: PackageFiles): PackagedFile[] {
  return [...files]
    .map(([name, bytes]) => ({
      name,
      sizeBytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function writeStatement(statement: SignedStatement): string {
  const json: z.input<typeof statementSchema> = {
    format,
    version: statement.version,
    feature_set: statement.featureSetId,
    files: statement.files.map(({ name, sizeBytes, sha256 }) => ({ name, size: sizeBytes, sha256 })),
    signed_at: new Date(statement.signedMs).toISOString(),
    key_id: statement.keyId,
    signature: statement.signature.toString('base64url'),
  };
  return `${JSON.stringify(json, undefined, 2)}\n`;
}

/** @throws {IntegrityError} `model-tampered` for what is no statement; whether it is true is for the signature to say */
export function parseStatement(text: string): SignedStatement {
  const parsed = statementSchema.safeParse(parseJson(text));
  if (!parsed.success) throw new IntegrityError('model-tampered', { message: 'The signature file is not valid' });
  const { data } = parsed;
  return {
    version: data.version,
    featureSetId: data.feature_set,
    files: data.files.map(({ name, size, sha256 }) => ({ name, sizeBytes: size, sha256 })),
    signedMs: Date.parse(data.signed_at),
    keyId: data.key_id,
    signature: Buffer.from(data.signature, 'base64url'),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
