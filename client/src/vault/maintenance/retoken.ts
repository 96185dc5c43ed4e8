import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MasterKey } from '@sdp/shared/crypto';
import { IntegrityError, UsageError } from '@sdp/shared/errors';
import { canonicalizerById } from '@sdp/shared/tokenization';
import { OpenedBlock } from '../block.ts';
import type { BlockRow } from '../block-row.ts';
import { EntryDays } from '../entry-days.ts';
import { blockCapacity, tailBytes, tokenBytes } from '../format.ts';
import { openVaultFile, type VaultFile } from '../open-vault-file.ts';
import { vaultErrorFrom } from '../sqlite-errors.ts';
import type { NamespaceState, RetokenState, VaultState } from '../state.ts';
import { TokenDigests } from '../token-digests.ts';
import { changeState, readState } from './change-state.ts';
import { emptyWriteAheadLog, eraseWhatIsDeleted } from './erase-leftovers.ts';
import { activeKey, addKey, removeKeys, retireKey } from './key-rows.ts';
import { type LeakStep, leakStepDone, pendingAfterLeak } from './leak-steps.ts';
import type { MaintenanceRun } from './maintenance-run.ts';
import { BlockSealer } from './seal-block.ts';
import { TokenMap } from './token-map.ts';
import { withoutEntries } from './without-entries.ts';

/** Some 30,000 tokens: enough to go through the tree of tokens in order, few enough to let others in. */
const blocksPerCommit = 256;

export interface RetokenRequest {
  readonly path: string;
  readonly masterKey: MasterKey;
  /** Where to write which token became which. */
  readonly mapPath?: string;
}

export interface RetokenOutcome {
  readonly resumed: boolean;
  /** Tokens that this run changed. */
  readonly tokens: number;
  /** Entries under an old token whose value had been tokenized anew meanwhile. */
  readonly merged: number;
  /** Entries whose surrogates stay as they are. */
  readonly surrogates: number;
  readonly logEmptied: boolean;
  readonly pendingAfterLeak: readonly LeakStep[];
}

/**
 * Makes a new token key and gives every entry its new token; random tokens are drawn anew. Old tokens lead to nothing
 * from then on. Whoever tokenizes meanwhile with the old key is stopped, whoever begins afterwards gets new tokens.
 * Stopped at any moment it leaves a whole vault, in which the rest of the entries still have their old tokens, and the
 * next run goes on. Surrogates stay: their texts are chosen by a method that the vault doesn't know.
 *
 * @throws {IntegrityError} `vault-tampered`
 * @throws {VaultError} `vault-keys-changed`, `vault-unusable`
 * @throws {InputError} `output-unwritable`, `file-exists`, `file-not-found` for the map
 * @throws {UsageError} `usage-invalid` if the run that is resumed writes a map and none is named
 */
export async function retokenVault(request: RetokenRequest, run: MaintenanceRun = {}): Promise<RetokenOutcome> {
  const { path, masterKey, mapPath } = request;
  let map: TokenMap | undefined;
  let file = openVaultFile({ path, masterKey });
  try {
    const begun = readState(file).retoken;
    assertMapFits(begun, mapPath);
    map = mapPath === undefined ? undefined : TokenMap.open(mapPath, begun?.mapBytes ?? 0);
    const mapBytes = map?.sync();
    const resumed = changeState(file, (state) => begin(file, state, mapBytes));
    // Now there is another token key.
    file.db.close();
    file = openVaultFile({ path, masterKey });
    file.db.pragma('busy_timeout = 0');
    eraseWhatIsDeleted(file.db);
    const counts = await changeTokens(file, map, run);
    map?.publish();
    changeState(file, (state) => finish(file, state));
    return { resumed, ...counts, logEmptied: emptyWriteAheadLog(file.db), pendingAfterLeak: pendingAfterLeak(file) };
  } catch (error) {
    throw vaultErrorFrom(error);
  } finally {
    map?.close();
    file.db.close();
  }
}

function assertMapFits(begun: RetokenState | undefined, mapPath: string | undefined): void {
  if (begun === undefined || (begun.mapBytes === undefined) === (mapPath === undefined)) return;
  throw new UsageError('usage-invalid', {
    message:
      mapPath === undefined
        ? 'The retoken that was interrupted writes a map of the tokens'
        : 'The retoken that was interrupted writes no map, and a part of the old tokens is gone',
    remedy: mapPath === undefined ? 'Name the same file again with --map.' : 'Leave out --map.',
  });
}

function begin(file: VaultFile, state: VaultState, mapBytes: number | undefined): boolean {
  if (state.retoken !== undefined) return true;
  const old = activeKey(state, 'token');
  addKey(file, state, 'token');
  if (old !== undefined) retireKey(file, state, old.id);
  state.retoken = { next: 1, end: state.nextBlockId, mapBytes };
  return false;
}

async function changeTokens(file: VaultFile, map: TokenMap | undefined, { onProgress, signal }: MaintenanceRun) {
  const counts = { tokens: 0, merged: 0, surrogates: 0 };
  const rows = file.db.prepare<[number, number, number], BlockRow>(
    'SELECT * FROM vault_block WHERE block_id >= ? AND block_id < ? ORDER BY block_id LIMIT ?',
  );
  const first = readState(file).retoken?.next ?? 1;
  for (;;) {
    const place = changeState(file, (state) => {
      const { retoken } = state;
      if (retoken === undefined) return undefined;
      const blocks = rows.all(retoken.next, retoken.end, blocksPerCommit);
      if (blocks.length === 0) return undefined;
      const change = new TokenChange(file, state, map);
      for (const row of blocks) change.apply(row);
      const { tokens, merged, surrogates } = change.end();
      counts.tokens += tokens;
      counts.merged += merged;
      counts.surrogates += surrogates;
      retoken.next = (blocks.at(-1)?.block_id ?? retoken.end) + 1;
      if (map !== undefined) retoken.mapBytes = map.sync();
      return retoken;
    });
    if (place === undefined) return counts;
    onProgress?.(place.next - first, place.end - first);
    await nextTurn();
    signal?.throwIfAborted();
  }
}

/** The changes of one transaction. */
class TokenChange {
  readonly #state: VaultState;
  readonly #map: TokenMap | undefined;
  readonly #sealer: BlockSealer;
  readonly #digests: TokenDigests;
  readonly #days: EntryDays;
  readonly #sql;
  readonly #inserts: {
    readonly namespaceId: number;
    readonly token: Buffer;
    readonly ref: number;
    readonly tail: Buffer;
  }[] = [];
  readonly #placed = new Set<string>();
  readonly #counts = { tokens: 0, merged: 0, surrogates: 0 };

  constructor(file: VaultFile, state: VaultState, map: TokenMap | undefined) {
    const { db, keys } = file;
    this.#state = state;
    this.#map = map;
    this.#sealer = new BlockSealer(file, state);
    this.#digests = new TokenDigests(keys);
    this.#days = new EntryDays(db, keys.state);
    this.#sql = {
      remove: db.prepare<[number, Uint8Array], { ref: number; tail: Buffer }>(
        'DELETE FROM token_vault WHERE namespace_id = ? AND token = ? RETURNING ref, tail',
      ),
      has: db
        .prepare<[number, Uint8Array], number>('SELECT 1 FROM token_vault WHERE namespace_id = ? AND token = ?')
        .pluck(),
      insert: db.prepare<[number, Uint8Array, number, Uint8Array]>('INSERT INTO token_vault VALUES (?, ?, ?, ?)'),
    };
  }

  apply(row: BlockRow): void {
    const namespace = this.#state.namespaces.find(({ id }) => id === row.namespace_id);
    const plaintext = this.#sealer.open(row);
    const block = OpenedBlock.parse(plaintext);
    if (namespace === undefined || block === undefined) throw damaged(row);
    if (namespace.kind === 'surrogate') {
      this.#counts.surrogates += block.count;
      return;
    }
    const digest = this.#newDigest(namespace);
    const { expiry } = namespace;
    if (expiry !== null) this.#days.begin(expiry);
    const superseded: number[] = [];
    for (let slot = 0; slot < block.count; slot++) {
      if (block.isErased(slot)) continue;
      const oldToken = Buffer.from(block.token(slot));
      const removed = this.#sql.remove.get(namespace.id, oldToken);
      if (removed?.ref !== row.block_id * blockCapacity + slot) throw damaged(row);
      const fresh = digest(block.value(slot));
      const token = fresh.subarray(0, tokenBytes);
      const day = removed.tail.subarray(tailBytes);
      this.#map?.add(namespace.name, oldToken, token);
      this.#days.remove(oldToken, day);
      // Its value was tokenized anew since the new key is there: that entry stands for it.
      // Or two spellings are one in a canonical form whose rules were amended.
      const place = `${namespace.id}.${token.toString('hex')}`;
      if (this.#placed.has(place) || this.#sql.has.get(namespace.id, token) !== undefined) {
        superseded.push(slot);
        namespace.entries -= 1;
        this.#counts.merged += 1;
        continue;
      }
      this.#placed.add(place);
      this.#days.put(token, day);
      plaintext.set(token, 1 + slot * tokenBytes);
      const tail = Buffer.concat([fresh.subarray(tokenBytes), day]);
      this.#inserts.push({ namespaceId: namespace.id, token, ref: removed.ref, tail });
      this.#counts.tokens += 1;
    }
    if (expiry !== null) this.#days.end(expiry);
    this.#sealer.replace(row, superseded.length === 0 ? plaintext : withoutEntries(plaintext, superseded));
  }

  end(): { readonly tokens: number; readonly merged: number; readonly surrogates: number } {
    // In the order of the tree.
    this.#inserts.sort((a, b) => a.namespaceId - b.namespaceId || a.token.compare(b.token));
    for (const { namespaceId, token, ref, tail } of this.#inserts) this.#sql.insert.run(namespaceId, token, ref, tail);
    this.#sealer.end();
    return this.#counts;
  }

  /** From a value to its new token and tail. */
  #newDigest({ name, kind, canonical }: NamespaceState): (value: string) => Buffer {
    if (kind === 'random') return () => Buffer.concat([randomBytes(tokenBytes), Buffer.alloc(tailBytes)]);
    const digest = this.#digests.canonical(name, canonicalizerById(canonical));
    return (value) => Buffer.from(digest(value).slice(0, (tokenBytes + tailBytes) * 2), 'hex');
  }
}

function finish(file: VaultFile, state: VaultState): void {
  const retired = state.keys.filter((key) => key.purpose === 'token' && key.state === 'retired').map(({ id }) => id);
  removeKeys(file, state, retired);
  state.retoken = undefined;
  leakStepDone(state, 'retoken');
}

function damaged({ block_id }: BlockRow): IntegrityError {
  return new IntegrityError('vault-tampered', { message: `Block ${block_id} of the vault does not fit its tokens` });
}
