import { lengthPrefixed } from '@sdp/shared/crypto';

/** Version of the file's tables and of its sealed state. A vault of version 1 is upgraded when it is opened for writing. */
export const schemaVersion = 2;

/** Version that blocks and wrapped keys are bound to. It stayed when the tables changed, so that an upgrade seals nothing anew. */
const sealVersion = 1;

/** `PRAGMA application_id`: "SDPV". */
export const applicationId = 0x53445056;

/** Entries a block may hold; a power of two, so that an entry's place is `blockId * blockCapacity + slot`. */
export const blockCapacity = 128;

/** A block is closed early once its values reach this size, so that opening one stays cheap. */
export const blockValueBytes = 64 * 1024;

/** Bytes of the keyed digest that are the token. */
export const tokenBytes = 16;

/** Further bytes of the digest kept beside the token, by which a collision is told from a repetition. */
export const tailBytes = 4;

/** Where a namespace's values expire, the day on which an entry was last used follows its tail. */
export const dayBytes = 2;

/** What travels per value: token, then tail. */
export const digestBytes = tokenBytes + tailBytes;

/** Half of what AES-GCM allows, so that seals lost with a crashed transaction can't lead past the limit. */
export const encryptionCap = 2 ** 31;

/** What a key in the vault is for. */
export type KeyPurpose = 'state' | 'data' | 'token' | 'hash' | 'manifest' | 'receipt';

/**
 * How the tokens of a namespace come about: `token` by a keyed digest of the value, `random` drawn anew for each cell,
 * `surrogate` chosen among candidates that a method proposes.
 */
export type NamespaceKind = 'token' | 'random' | 'surrogate';

/** State of a data key: one seals, the others only open. */
export type DataKeyState = 'active' | 'retired';

/** Associated data of a wrapped key. */
export function keyAad(vaultId: string, keyId: number, purpose: KeyPurpose): Uint8Array {
  return lengthPrefixed('sdp-vault-key-v1', vaultId, sealVersion, keyId, purpose);
}

/** Associated data of the vault's state. A state of one schema version doesn't pass for one of another. */
export function stateAad(vaultId: string, version: number): Uint8Array {
  return lengthPrefixed('sdp-vault-state-v1', vaultId, version);
}

/** Where a block belongs; sealed into it as associated data. */
export interface BlockPlace {
  readonly vaultId: string;
  readonly namespace: string;
  readonly keyId: number;
  readonly blockId: number;
  readonly entryCount: number;
}

/** Associated data of a block: moved to another place, or with another number of entries, it doesn't open. */
export function blockAad(place: BlockPlace): Uint8Array {
  return lengthPrefixed(
    'sdp-vault-block-v1',
    place.vaultId,
    sealVersion,
    place.namespace,
    place.keyId,
    place.blockId,
    place.entryCount,
  );
}
