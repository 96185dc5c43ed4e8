import type { KeyObject } from 'node:crypto';
import { nonceBytes, openBlob, sealBlob } from '@sdp/shared/crypto';
import { IntegrityError, VaultError } from '@sdp/shared/errors';
import type { Database } from './database.ts';
import { type DataKeyState, encryptionCap, type KeyPurpose, stateAad } from './format.ts';

export interface NamespaceState {
  readonly id: number;
  readonly name: string;
  entries: number;
  blocks: number;
  readonly createdAt: string;
  lastWrittenAt: string;
}

export interface KeyState {
  readonly id: number;
  readonly purpose: KeyPurpose;
  readonly state: DataKeyState;
  encryptions: number;
  readonly createdAt: string;
  lastUsedAt: string | null;
}

/**
 * What was last committed, all in all. Sealed with every commit in the same transaction, so that it fits the tables
 * after a crash as well; whoever removes, adds or puts back rows can't make it fit again. (An old copy of the whole file
 * does fit: that no file can find out about itself.)
 */
export interface VaultState {
  readonly createdAt: string;
  /** Fingerprints of the master keys, the present one first. */
  readonly masterFingerprints: readonly string[];
  nextBlockId: number;
  /** How often this state was sealed; its key has a cap like any other. */
  commits: number;
  /** {@link BlockSet} of all blocks, as hex. */
  blockSet: string;
  readonly namespaces: NamespaceState[];
  readonly keys: KeyState[];
}

/** Reads and writes the state over one connection. */
export class StateStore {
  readonly #db: Database;
  readonly #key: KeyObject;
  readonly #keyId: number | undefined;
  readonly #aad: Uint8Array;
  #last: { readonly blob: Buffer; readonly state: VaultState } | undefined;

  /** @param keyId where given, a state that another process has sealed under a new key is told from a damaged one */
  constructor(db: Database, vaultId: string, key: KeyObject, keyId?: number) {
    this.#db = db;
    this.#key = key;
    this.#keyId = keyId;
    this.#aad = stateAad(vaultId);
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
    const text = openBlob(this.#key, this.#aad, {
      nonce: blob.subarray(0, nonceBytes),
      sealed: blob.subarray(nonceBytes),
    });
    if (text === undefined) {
      if (this.#keyId !== undefined && this.#keyId !== this.#keyIdNow()) throw new VaultError('vault-keys-changed');
      throw stateDamaged();
    }
    // It was sealed by this code under this schema version: its shape needs no checking.
    return JSON.parse(text.toString('utf8')) as VaultState;
  }

  /** Inside the caller's transaction. @throws {VaultError} `key-exhausted` */
  write(state: VaultState): void {
    if (state.commits >= encryptionCap) throw new VaultError('key-exhausted');
    state.commits += 1;
    const { nonce, sealed } = sealBlob(this.#key, this.#aad, Buffer.from(JSON.stringify(state), 'utf8'));
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

function stateDamaged(): IntegrityError {
  return new IntegrityError('vault-tampered', { message: 'The vault’s sealed state does not open' });
}
