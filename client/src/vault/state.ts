import type { KeyObject } from 'node:crypto';
import { nonceBytes, openBlob, sealBlob } from '@sdp/shared/crypto';
import { IntegrityError, VaultError } from '@sdp/shared/errors';
import type { Database } from './database.ts';
import {
  type DataKeyState,
  encryptionCap,
  type KeyPurpose,
  type NamespaceKind,
  schemaVersion,
  stateAad,
} from './format.ts';

/** The `SetDigest` of nothing. */
export const emptySet = '00'.repeat(32);

export interface NamespaceState {
  readonly id: number;
  readonly name: string;
  readonly kind: NamespaceKind;
  /** Id of the canonicalizer over whose form tokens are made; `''` for none. */
  readonly canonical: string;
  expiry: NamespaceExpiry | null;
  /** Entries erased on request, and because they had expired. */
  forgotten: number;
  expired: number;
  entries: number;
  blocks: number;
  readonly createdAt: string;
  lastWrittenAt: string;
}

/** A namespace with nothing in it. */
export function newNamespace(id: number, name: string, kind: NamespaceKind, canonical: string): NamespaceState {
  const createdAt = new Date().toISOString();
  return {
    id,
    name,
    kind,
    canonical,
    expiry: null,
    forgotten: 0,
    expired: 0,
    entries: 0,
    blocks: 0,
    createdAt,
    lastWrittenAt: createdAt,
  };
}

/** After how many days a value goes that nobody tokenizes any more. Days are counted from 1970-01-01 in UTC. */
export interface NamespaceExpiry {
  days: number;
  /** The day on which the namespace got an expiry: older entries, which have no day of their own, count from it. */
  readonly since: number;
  /** `SetDigest` of all (token, day) in the namespace, as hex. */
  daySet: string;
}

export interface KeyState {
  readonly id: number;
  readonly purpose: KeyPurpose;
  readonly state: DataKeyState;
  encryptions: number;
  readonly createdAt: string;
  lastUsedAt: string | null;
}

/** What is still to be done after a master key that has leaked was replaced. */
export interface LeakState {
  /** When it was replaced. */
  readonly since: string;
  readonly pending: readonly ('rekey' | 'retoken')[];
}

/** Tokens are being changed: blocks from `next` on and before `end` still hold tokens of the former token key. */
export interface RetokenState {
  next: number;
  readonly end: number;
  /** Bytes of the map of old and new tokens that are certain, where one is written. */
  mapBytes: number | undefined;
}

/** Where the log of reveals ended when the vault was last told; sealed with the vault's state. */
export interface SealedAuditHead {
  readonly vault: string;
  readonly log: string;
  readonly path: string;
  readonly seq: number;
  readonly last: string;
}

/** The newest state of a copy on a server that this vault has pushed or pulled. */
export interface SeenCopy {
  readonly server: string;
  /** Number of its head, and SHA-256 of that as the server gave it. */
  readonly sequence: number;
  readonly head: string;
}

/**
 * What was last committed, all in all. Sealed with every commit in the same transaction, so that it fits the tables
 * after a crash as well; whoever removes, adds or puts back rows can't make it fit again. (An old copy of the whole file
 * does fit: that no file can find out about itself.)
 */
export interface VaultState {
  readonly createdAt: string;
  /** Fingerprints of the master keys, the present one first. */
  masterFingerprints: readonly string[];
  nextBlockId: number;
  /** How often this state was sealed; its key has a cap like any other. */
  commits: number;
  /** {@link BlockSet} of all blocks, as hex. */
  blockSet: string;
  /** Number and `SetDigest` of all tombstones. */
  readonly tombstones: { count: number; set: string };
  /** Entries were erased, and it was not seen yet that nothing of them is left in the file and its log. */
  leftovers?: boolean;
  readonly namespaces: NamespaceState[];
  readonly keys: KeyState[];
  leak?: LeakState | undefined;
  /** Fingerprints of master keys that others know: what still is under one of them has to get new keys. */
  leaked?: readonly string[] | undefined;
  /** Only in a backup: when it was made. */
  backupMadeAt?: string | undefined;
  retoken?: RetokenState | undefined;
  /** Where the log of reveals ended. */
  auditHead?: SealedAuditHead | undefined;
  /**
   * Another one after a restore that gave up entries: a run that has used those must not go on, since it believes them
   * to be there.
   */
  epoch?: string | undefined;
  /** Copies on servers; a server that offers an older state of one is found out. */
  copies?: readonly SeenCopy[] | undefined;
}

/** Reads and writes the state over one connection. */
export class StateStore {
  readonly #db: Database;
  readonly #key: KeyObject;
  readonly #keyId: number | undefined;
  readonly #vaultId: string;
  #last: { readonly blob: Buffer; readonly state: VaultState } | undefined;

  /** @param keyId where given, a state that another process has sealed under a new key is told from a damaged one */
  constructor(db: Database, vaultId: string, key: KeyObject, keyId?: number) {
    this.#db = db;
    this.#key = key;
    this.#keyId = keyId;
    this.#vaultId = vaultId;
  }

  /**
   * The state as it stands in the file. The caller may change it, and must {@link write} it then or forget it.
   * @throws {IntegrityError} `vault-tampered`
   * @throws {VaultError} `vault-keys-changed`
   */
  read(): VaultState {
    const blob = this.#db.prepare<[], Buffer>(`SELECT value FROM vault_meta WHERE name = 'state'`).pluck().get();
    if (!Buffer.isBuffer(blob)) throw stateDamaged();
    if (this.#last?.blob.equals(blob)) return structuredClone(this.#last.state);
    const version = this.#db.pragma('user_version', { simple: true }) as number;
    const text = openBlob(this.#key, stateAad(this.#vaultId, version), {
      nonce: blob.subarray(0, nonceBytes),
      sealed: blob.subarray(nonceBytes),
    });
    if (text === undefined) {
      if (this.#keyId !== undefined && this.#keyId !== this.#keyIdNow()) throw new VaultError('vault-keys-changed');
      throw stateDamaged();
    }
    // It was sealed by this code under this schema version: its shape needs no checking.
    const state = JSON.parse(text.toString('utf8')) as VaultState;
    return version === schemaVersion ? state : fromVersion1(state);
  }

  /** Inside the caller's transaction. @throws {VaultError} `key-exhausted` */
  write(state: VaultState): void {
    if (state.commits >= encryptionCap) throw new VaultError('key-exhausted');
    state.commits += 1;
    const { nonce, sealed } = sealBlob(
      this.#key,
      stateAad(this.#vaultId, schemaVersion),
      Buffer.from(JSON.stringify(state), 'utf8'),
    );
    const blob = Buffer.concat([nonce, sealed]);
    this.#db
      .prepare<[Buffer]>(
        `INSERT INTO vault_meta VALUES ('state', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      )
      .run(blob);
    this.#last = { blob, state: structuredClone(state) };
  }

  #keyIdNow(): number | undefined {
    return this.#db
      .prepare<[], number>(`SELECT key_id FROM data_key WHERE purpose = 'state' AND state = 'active'`)
      .pluck()
      .get();
  }
}

/** What the first version had no field for, as it was then. */
function fromVersion1(state: Omit<VaultState, 'tombstones'>): VaultState {
  const namespaces = state.namespaces.map((namespace) => ({
    ...namespace,
    kind: 'token' as const,
    canonical: '',
    expiry: null,
    forgotten: 0,
    expired: 0,
  }));
  return { ...state, namespaces, tombstones: { count: 0, set: emptySet } };
}

function stateDamaged(): IntegrityError {
  return new IntegrityError('vault-tampered', { message: 'The vault’s sealed state does not open' });
}
