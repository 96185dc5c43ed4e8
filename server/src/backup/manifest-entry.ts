import { canonicalJson } from '@sdp/shared/crypto';
import { z } from 'zod';
import type { BackupKeys } from './backup-keys.ts';

const offset = z.string().regex(/^\d{1,19}$/);
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().min(0);

/** What the manifest says of one object. `mac` is over all the rest, and the next entry names it as `previous`. */
export const manifestEntrySchema = z.strictObject({
  format: z.literal('sdp-backup-manifest/1'),
  /** Fingerprint of the server's key. */
  key_id: digest,
  topic: z.string().min(1).max(249),
  partition: count,
  /** From 1, none left out, of each partition. */
  sequence: z.number().int().min(1),
  /** `mac` of the entry before; null of the first. */
  previous: digest.nullable(),
  /** Until when the entry before reaches; null of the first. */
  previous_at: z.iso.datetime().nullable(),
  bus: z.enum(['kafka', 'embedded']),
  generation: z.number().int().min(1),
  object: z.string().max(600),
  /** As it lies there. */
  bytes: count,
  sha256: digest,
  messages: count,
  /** Of these, messages that are not what a sender of ours has sealed for this topic. */
  refused: count,
  /** Where the group stood: what lies between the entry before and this was not there any more. */
  from_offset: offset,
  first_offset: offset,
  last_offset: offset,
  /** Oldest and newest of the times at which the log took its messages. */
  first_at: z.iso.datetime(),
  last_at: z.iso.datetime(),
  mac: digest,
});

export type ManifestEntry = z.output<typeof manifestEntrySchema>;

/** Bytes of an entry; the same entry always gives the same. */
export function encodeEntry(
  keys: BackupKeys,
  entry: Omit<ManifestEntry, 'mac' | 'format' | 'key_id'>,
): {
  readonly entry: ManifestEntry;
  readonly bytes: Buffer;
} {
  const unsigned = { ...entry, format: 'sdp-backup-manifest/1' as const, key_id: keys.keyId.toString('hex') };
  const signed = { ...unsigned, mac: keys.authenticate(canonicalJson(unsigned)) };
  return { entry: signed, bytes: Buffer.from(`${canonicalJson(signed)}\n`) };
}

/** @returns undefined for what this server's key has not made, to the last letter */
export function decodeEntry(keys: BackupKeys, bytes: Uint8Array): ManifestEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
  const entry = manifestEntrySchema.safeParse(value).data;
  if (entry === undefined) return undefined;
  const { mac, ...unsigned } = entry;
  return keys.isAuthentic(canonicalJson(unsigned), mac) ? entry : undefined;
}

/** Which server's key an entry claims to be under. */
export function claimedKey(bytes: Uint8Array): string | undefined {
  return /"key_id":"([0-9a-f]{64})"/.exec(Buffer.from(bytes).toString('latin1'))?.[1];
}
