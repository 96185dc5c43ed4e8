import { createHmac } from 'node:crypto';
import { deriveKey, lengthPrefixed, nonceBytes, openBlob, sealBlob } from '@sdp/shared/crypto';
import type { DataKey } from '../data-key-ring.ts';

/** What is sealed: a version that stands, or one that was proposed. */
export type VersionKind = 'version' | 'proposal';

/** Where a sealed version belongs. Sealed for one place, it opens in no other. */
export interface VersionPlace {
  readonly batchId: string;
  readonly clientId: string;
  readonly seq: number;
  /** Of a proposal: the version it is based on. */
  readonly version: number;
  readonly proposalId?: string | null;
}

const formatVersion = 1;
const headerBytes = 1 + 4 + nonceBytes;

/** @returns format version, key id, nonce, ciphertext and tag */
export function sealVersion(kind: VersionKind, dataKey: DataKey, place: VersionPlace, entry: string): Buffer {
  const { nonce, sealed } = sealBlob(
    sealingKey(kind, dataKey, place),
    context(kind, dataKey, place),
    Buffer.from(entry),
  );
  const payload = Buffer.allocUnsafe(headerBytes + sealed.length);
  payload[0] = formatVersion;
  payload.writeUInt32BE(dataKey.id, 1);
  payload.set(nonce, 5);
  payload.set(sealed, headerBytes);
  return payload;
}

/** @returns undefined when it isn't what was sealed for this place */
export function openVersion(
  kind: VersionKind,
  dataKey: DataKey,
  place: VersionPlace,
  payload: Buffer,
): string | undefined {
  if (payload.length < headerBytes || payload[0] !== formatVersion) return undefined;
  if (payload.readUInt32BE(1) !== dataKey.id) return undefined;
  const blob = { nonce: payload.subarray(5, headerBytes), sealed: payload.subarray(headerBytes) };
  return openBlob(sealingKey(kind, dataKey, place), context(kind, dataKey, place), blob)?.toString('utf8');
}

/** Keyed digest of what a row says; `parts` in a fixed order, null where there is nothing. */
export function versionDigest(
  kind: VersionKind | 'decision',
  dataKey: DataKey,
  place: VersionPlace,
  parts: readonly (string | number | Buffer | null)[],
): Buffer {
  const key = deriveKey(dataKey.key, `server-${kind}-digest-v1`, place.batchId);
  const said = parts.flatMap((part) => (part === null ? ['absent'] : ['is', part]));
  return createHmac('sha256', key)
    .update(lengthPrefixed(context(kind, dataKey, place), ...said))
    .digest();
}

function sealingKey(kind: VersionKind, dataKey: DataKey, { batchId }: VersionPlace) {
  return deriveKey(dataKey.key, `server-${kind}-seal-v1`, batchId);
}

function context(kind: string, { id }: DataKey, { batchId, clientId, seq, version, proposalId }: VersionPlace): Buffer {
  return lengthPrefixed('sdp-server-version-v1', kind, batchId, clientId, seq, version, proposalId ?? '', id);
}
