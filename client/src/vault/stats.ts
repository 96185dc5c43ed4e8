import { statSync } from 'node:fs';
import { type Database, schemaVersionOf } from './database.ts';
import { type DataKeyState, encryptionCap, type NamespaceKind } from './format.ts';
import type { Keyring } from './keyring.ts';
import { StateStore } from './state.ts';

export interface NamespaceStats {
  readonly namespace: string;
  readonly kind: NamespaceKind;
  /** Id of the canonicalizer over whose form tokens are made; `''` for none. */
  readonly canonical: string;
  /** After how many days without use its values expire. */
  readonly expiresDays: number | null;
  readonly entries: number;
  readonly blocks: number;
  /** Entries erased on request, and because they had expired. */
  readonly forgotten: number;
  readonly expired: number;
  readonly createdAt: string;
  readonly lastWrittenAt: string;
}

export interface DataKeyStats {
  readonly keyId: string;
  readonly state: DataKeyState;
  /** How often it has sealed a block, and how often it may. */
  readonly encryptions: number;
  readonly encryptionCap: number;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
}

/** What is in a vault, without a single value. Times are ISO 8601 in UTC, sizes in bytes. */
export interface VaultStats {
  readonly id: string;
  readonly schemaVersion: number;
  readonly createdAt: string;
  readonly entries: number;
  readonly blocks: number;
  readonly tombstones: number;
  /** Size of the file with its write-ahead log. */
  readonly fileBytes: number;
  readonly namespaces: readonly NamespaceStats[];
  readonly keys: readonly DataKeyStats[];
  /** What is still to be done since a master key became known to others. */
  readonly pendingAfterLeak: readonly ('rekey' | 'retoken')[];
  /** A retoken was begun and isn't done. */
  readonly retokening: boolean;
}

/** Reads the counts that were committed last; nothing is counted anew. @throws {IntegrityError} `vault-tampered` */
export function readStats(db: Database, path: string, keys: Keyring): VaultStats {
  const state = new StateStore(db, keys.vaultId, keys.state, keys.ids.state).read();
  const namespaces = state.namespaces.map(({ id: _, name, expiry, ...rest }) => ({
    namespace: name,
    expiresDays: expiry?.days ?? null,
    ...rest,
  }));
  return {
    id: keys.vaultId,
    schemaVersion: schemaVersionOf(db),
    createdAt: state.createdAt,
    entries: namespaces.reduce((sum, namespace) => sum + namespace.entries, 0),
    blocks: namespaces.reduce((sum, namespace) => sum + namespace.blocks, 0),
    tombstones: state.tombstones.count,
    fileBytes: sizeOf(path) + sizeOf(`${path}-wal`),
    namespaces,
    pendingAfterLeak: state.leak?.pending ?? [],
    retokening: state.retoken !== undefined,
    keys: state.keys
      .filter((key) => key.purpose === 'data')
      .map(({ id, purpose: _, ...rest }) => ({ keyId: String(id), encryptionCap, ...rest })),
  };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
