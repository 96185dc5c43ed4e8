import { createSecretKey, type KeyObject } from 'node:crypto';
import { deriveKey, lengthPrefixed, type MasterKey, openBlob, randomId, sealBlob } from '@sdp/shared/crypto';
import { IntegrityError } from '@sdp/shared/errors';
import { z } from 'zod';
import type { Keyring } from '../keyring.ts';

/** The keys by which two vaults give the same tokens and accept each other's manifests. */
export const bundledPurposes = ['token', 'hash', 'manifest', 'receipt'] as const;

export type BundledKeys = Readonly<Record<(typeof bundledPurposes)[number], KeyObject>>;

export interface KeyBundle {
  readonly createdAt: string;
  readonly keys: BundledKeys;
  /** Fingerprints of the master keys that wrapped them, the latest first. */
  readonly masterFingerprints: readonly string[];
}

const fileSchema = z.strictObject({
  kind: z.literal('sdp-key-bundle'),
  version: z.literal(1),
  /** Random; the key that seals is derived for this bundle alone. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  created_at: z.iso.datetime(),
  nonce: z.base64url(),
  /** AES-256-GCM, with the tag at its end. */
  sealed: z.base64url(),
});

type BundleFile = z.infer<typeof fileSchema>;

const contentSchema = z.strictObject({
  keys: z.strictObject({ token: z.string(), hash: z.string(), manifest: z.string(), receipt: z.string() }),
  master_fingerprints: z.array(z.string()),
});

/** The text of a bundle file: the keys of an open vault, sealed under the master key. */
export function sealKeyBundle(keys: BundledKeys & Pick<Keyring, 'masterFingerprints'>, master: MasterKey): string {
  const head = { kind: 'sdp-key-bundle', version: 1, id: randomId(), created_at: new Date().toISOString() } as const;
  const textOf = (key: KeyObject) => key.export().toString('base64url');
  const content: z.infer<typeof contentSchema> = {
    keys: {
      token: textOf(keys.token),
      hash: textOf(keys.hash),
      manifest: textOf(keys.manifest),
      receipt: textOf(keys.receipt),
    },
    master_fingerprints: [...keys.masterFingerprints],
  };
  const { nonce, sealed } = sealBlob(bundleKey(master, head.id), aadOf(head), Buffer.from(JSON.stringify(content)));
  const file: BundleFile = {
    ...head,
    nonce: Buffer.from(nonce).toString('base64url'),
    sealed: Buffer.from(sealed).toString('base64url'),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** @throws {IntegrityError} `bundle-invalid` */
export function openKeyBundle(text: string, master: MasterKey): KeyBundle {
  const file = fileSchema.safeParse(jsonOf(text));
  if (!file.success) throw new IntegrityError('bundle-invalid', { message: 'The file is no key bundle' });
  const plaintext = openBlob(bundleKey(master, file.data.id), aadOf(file.data), {
    nonce: Buffer.from(file.data.nonce, 'base64url'),
    sealed: Buffer.from(file.data.sealed, 'base64url'),
  });
  if (plaintext === undefined) throw new IntegrityError('bundle-invalid');
  const { keys, master_fingerprints } = contentSchema.parse(jsonOf(plaintext.toString('utf8')));
  const keyOf = (encoded: string) => createSecretKey(Buffer.from(encoded, 'base64url'));
  return {
    createdAt: file.data.created_at,
    keys: {
      token: keyOf(keys.token),
      hash: keyOf(keys.hash),
      manifest: keyOf(keys.manifest),
      receipt: keyOf(keys.receipt),
    },
    masterFingerprints: master_fingerprints,
  };
}

function bundleKey(master: MasterKey, id: string): KeyObject {
  return deriveKey(master, 'vault-bundle-v1', id);
}

function aadOf({ version, id, created_at }: Pick<BundleFile, 'version' | 'id' | 'created_at'>): Uint8Array {
  return lengthPrefixed('sdp-key-bundle-v1', version, id, created_at);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
