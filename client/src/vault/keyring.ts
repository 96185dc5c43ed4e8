import type { KeyObject } from 'node:crypto';
import {
  deriveKey,
  generateKey,
  keyFingerprint,
  type MasterKey,
  randomId,
  unwrapKey,
  wrapKey,
} from '@sdp/shared/crypto';
import { IntegrityError, VaultError } from '@sdp/shared/errors';
import { createTables, type Database } from './database.ts';
import { type KeyPurpose, keyAad } from './format.ts';
import { emptySet, type KeyState, type LeakState, StateStore, type VaultState } from './state.ts';

/** The keys of an open vault. */
export interface Keyring {
  readonly vaultId: string;
  readonly masterFingerprints: readonly string[];
  /** Wraps all the others; derived from the master key and the vault's id. */
  readonly wrapping: KeyObject;
  readonly state: KeyObject;
  readonly token: KeyObject;
  readonly hash: KeyObject;
  readonly manifest: KeyObject;
  readonly receipt: KeyObject;
  /** Data keys by id. Grows when another process makes one: {@link loadDataKey}. */
  readonly data: Map<number, KeyObject>;
  /** The token key before this one, while tokens are being changed. */
  readonly formerToken: KeyObject | undefined;
  /** What is to be done since a master key leaked. */
  readonly leak: LeakState | undefined;
  /** Ids of the keys in use and the vault's epoch, by which a process finds out that another one has changed them. */
  readonly ids: KeyringIds;
}

export interface KeyringIds {
  readonly state: number;
  readonly token: number;
  /** See the state's; empty where it has none. */
  readonly epoch: string;
}

/** @throws {VaultError} `vault-keys-changed` if what was read under these keys may not be there any more */
export function assertSameEpoch({ epoch = '' }: VaultState, ids: KeyringIds): void {
  if (epoch === ids.epoch) return;
  throw new VaultError('vault-keys-changed', {
    message: 'The vault was restored from a backup in the meantime, and lacks entries that it had',
  });
}

/**
 * @throws {VaultError} `vault-keys-changed` if another process has changed the tokens, or restored the vault from a backup
 *   that lacks entries
 */
export function assertSameTokens(state: VaultState, ids: KeyringIds): void {
  assertSameEpoch(state, ids);
  const active = state.keys.find((key) => key.purpose === 'token' && key.state === 'active');
  if (active?.id !== ids.token) throw new VaultError('vault-keys-changed');
}

/** What the worker needs that seals and writes. */
export type WriterKeys = Pick<Keyring, 'vaultId' | 'wrapping' | 'state' | 'data' | 'ids'>;

/** A row of `data_key`. */
export interface KeyRow {
  readonly key_id: number;
  readonly purpose: string;
  readonly state: string;
  readonly nonce: Buffer;
  readonly wrapped: Buffer;
}

/**
 * Keys that are derived from the master key when the vault is made, so that two machines with one master key give the
 * same tokens, and kept wrapped from then on, so that a new master key changes none of them.
 */
const derivedKeys = { token: 'token-v1', hash: 'hash-v1', manifest: 'manifest-v1', receipt: 'receipt-v1' } as const;

/** The key that wraps all the keys of a vault. */
export function wrappingKey(master: MasterKey, vaultId: string): KeyObject {
  return deriveKey(master, 'vault-kek-v1', vaultId);
}

/** Makes tables, keys and the first state; inside the caller's transaction. */
export function createKeys(db: Database, master: MasterKey): void {
  createTables(db);
  const vaultId = randomId();
  const createdAt = new Date().toISOString();
  const kek = wrappingKey(master, vaultId);
  const stateKey = generateKey();
  const keys: [KeyPurpose, KeyObject][] = [
    ['state', stateKey],
    ['data', generateKey()],
  ];
  for (const purpose of ['token', 'hash', 'manifest', 'receipt'] as const) {
    keys.push([purpose, deriveKey(master, derivedKeys[purpose])]);
  }
  const meta = db.prepare<[string, Buffer]>('INSERT INTO vault_meta VALUES (?, ?)');
  meta.run('vault_id', Buffer.from(vaultId, 'utf8'));
  meta.run('master_fingerprint', Buffer.from(keyFingerprint(master), 'utf8'));
  const insert = db.prepare<[number, string, string, Uint8Array, Uint8Array]>(
    'INSERT INTO data_key VALUES (?, ?, ?, ?, ?)',
  );
  const states = keys.map(([purpose, key], i): KeyState => {
    const id = i + 1;
    const { nonce, sealed } = wrapKey(kek, keyAad(vaultId, id, purpose), key);
    insert.run(id, purpose, 'active', nonce, sealed);
    return { id, purpose, state: 'active', encryptions: 0, createdAt, lastUsedAt: null };
  });
  new StateStore(db, vaultId, stateKey).write({
    createdAt,
    masterFingerprints: [keyFingerprint(master)],
    nextBlockId: 1,
    commits: 0,
    blockSet: emptySet,
    tombstones: { count: 0, set: emptySet },
    namespaces: [],
    keys: states,
  });
}

/**
 * Opens the keys and compares all that stands in the open with the sealed state. Run it in one read transaction.
 *
 * @throws {VaultError} `vault-wrong-key`
 * @throws {IntegrityError} `vault-tampered`
 */
export function openKeys(db: Database, master: MasterKey): Keyring {
  const vaultId = readMeta(db, 'vault_id');
  const fingerprint = readMeta(db, 'master_fingerprint');
  const kek = wrappingKey(master, vaultId);
  const rows = db.prepare<[], KeyRow>('SELECT * FROM data_key ORDER BY key_id').all();
  const rowOf = (purpose: KeyPurpose) => rows.find((row) => row.purpose === purpose && row.state === 'active');
  const stateRow = rowOf('state');
  const stateKey = stateRow && openKey(kek, vaultId, stateRow, 'state');
  if (stateKey === undefined) {
    if (fingerprint === keyFingerprint(master)) throw tampered('A key of the vault does not open');
    throw new VaultError('vault-wrong-key');
  }
  const state = new StateStore(db, vaultId, stateKey).read();
  assertFits(db, state, rows, fingerprint);
  const open = (row: KeyRow | undefined, purpose: KeyPurpose): KeyObject => {
    const key = row && openKey(kek, vaultId, row, purpose);
    if (key === undefined) throw tampered('A key of the vault does not open');
    return key;
  };
  const single = (purpose: KeyPurpose): KeyObject => open(rowOf(purpose), purpose);
  const data = new Map<number, KeyObject>();
  for (const row of rows) if (row.purpose === 'data') data.set(row.key_id, open(row, 'data'));
  const formerTokenRow = rows.find((row) => row.purpose === 'token' && row.state === 'retired');
  return {
    vaultId,
    masterFingerprints: state.masterFingerprints,
    wrapping: kek,
    state: stateKey,
    token: single('token'),
    hash: single('hash'),
    manifest: single('manifest'),
    receipt: single('receipt'),
    data,
    formerToken: formerTokenRow && open(formerTokenRow, 'token'),
    leak: state.leak,
    ids: { state: stateRow?.key_id ?? 0, token: rowOf('token')?.key_id ?? 0, epoch: state.epoch ?? '' },
  };
}

/**
 * A data key that another process has made since the keys were opened.
 *
 * @returns `undefined` if there is none of this id
 * @throws {VaultError} `vault-keys-changed` if it is wrapped under another master key by now
 */
export function loadDataKey(
  db: Database,
  keys: Pick<Keyring, 'vaultId' | 'wrapping' | 'data'>,
  keyId: number,
): KeyObject | undefined {
  const known = keys.data.get(keyId);
  if (known !== undefined) return known;
  const row = db.prepare<[number], KeyRow>(`SELECT * FROM data_key WHERE key_id = ? AND purpose = 'data'`).get(keyId);
  if (row === undefined) return undefined;
  const key = openKey(keys.wrapping, keys.vaultId, row, 'data');
  if (key === undefined) throw new VaultError('vault-keys-changed');
  keys.data.set(keyId, key);
  return key;
}

/** @returns `undefined` if the key isn't wrapped under `kek`, or was changed */
export function openKey(kek: KeyObject, vaultId: string, row: KeyRow, purpose: KeyPurpose): KeyObject | undefined {
  if (!Buffer.isBuffer(row.nonce) || !Buffer.isBuffer(row.wrapped)) return undefined;
  return unwrapKey(kek, keyAad(vaultId, row.key_id, purpose), { nonce: row.nonce, sealed: row.wrapped });
}

function readMeta(db: Database, name: string): string {
  const value = db.prepare<[string], Buffer>('SELECT value FROM vault_meta WHERE name = ?').pluck().get(name);
  if (!Buffer.isBuffer(value)) throw tampered('The vault’s description of itself is incomplete');
  return value.toString('utf8');
}

function assertFits(db: Database, state: VaultState, rows: readonly KeyRow[], fingerprint: string): void {
  const keysFit =
    rows.length === state.keys.length &&
    state.keys.every((key) =>
      rows.some((row) => row.key_id === key.id && row.purpose === key.purpose && row.state === key.state),
    );
  const names = db.prepare<[], { namespace_id: number; name: string }>('SELECT * FROM namespace').all();
  const namespacesFit =
    names.length === state.namespaces.length &&
    state.namespaces.every((known) => names.some((row) => row.namespace_id === known.id && row.name === known.name));
  const metaCount = db.prepare<[], number>('SELECT count(*) FROM vault_meta').pluck().get();
  if (!keysFit || !namespacesFit || state.masterFingerprints[0] !== fingerprint || metaCount !== 3) {
    throw tampered('The vault’s description of itself was changed');
  }
}

function tampered(message: string): IntegrityError {
  return new IntegrityError('vault-tampered', { message });
}
