import { IntegrityError, VaultError } from '@sdp/shared/errors';
import { canonicalizerById, isToken, tokenInEmail, tokenPrefix } from '@sdp/shared/tokenization';
import { type BlockRow, openBlockRow } from '../block-row.ts';
import { blockCapacity, tokenBytes } from '../format.ts';
import type { VaultFile } from '../open-vault-file.ts';
import type { NamespaceState, VaultState } from '../state.ts';
import { SurrogateDigests } from '../surrogates.ts';
import { TokenDigests } from '../token-digests.ts';
import type { EntryRow } from './erase-entries.ts';
import { TombstoneDigests, Tombstones } from './tombstones.ts';

/** What is to be found: entries by their tokens (or surrogates), or by their values. */
export interface EntrySelection {
  readonly tokens: readonly string[];
  readonly values: readonly string[];
  /** All where left out. */
  readonly namespaces?: readonly string[];
}

/** What was found in one namespace. */
export interface FoundEntries {
  readonly namespace: NamespaceState;
  readonly entries: readonly EntryRow[];
  /** By which these entries are known again once they are erased. */
  readonly tombstones: readonly Buffer[];
}

export interface FindResult {
  readonly found: readonly FoundEntries[];
  /** Tokens and values of the selection that were erased earlier and aren't there now. */
  readonly erasedBefore: number;
  /** Those of which the vault knows nothing. */
  readonly unknown: number;
}

/**
 * Finds entries, inside a transaction.
 *
 * @throws {VaultError} `vault-unusable` while tokens are being changed
 * @throws {IntegrityError} `vault-tampered`
 */
export function findEntries(file: VaultFile, state: VaultState, selection: EntrySelection): FindResult {
  if (state.retoken !== undefined) {
    // By its value an entry is found under its new token alone.
    throw new VaultError('vault-unusable', {
      message: 'The tokens of the vault are being changed, so that not every entry would be found',
      remedy: 'Finish `sdp vault retoken`, then run the command again.',
    });
  }
  const { namespaces: wanted } = selection;
  const found: FoundEntries[] = [];
  const met = new Set<string>();
  const metBefore = new Set<string>();
  for (const namespace of state.namespaces) {
    if (wanted !== undefined && !wanted.includes(namespace.name)) continue;
    const finder = new NamespaceFinder(file, namespace);
    finder.findTokens(selection.tokens);
    finder.findValues(selection.values);
    for (const key of finder.met) met.add(key);
    for (const key of finder.metBefore) metBefore.add(key);
    if (finder.entries.size === 0) continue;
    found.push({ namespace, entries: [...finder.entries.values()], tombstones: finder.tombstones });
  }
  const asked = new Set([...selection.tokens.map(tokenKey), ...selection.values.map(valueKey)]);
  const erasedBefore = [...metBefore].filter((key) => !met.has(key)).length;
  return { found, erasedBefore, unknown: asked.size - met.size - erasedBefore };
}

/** Blocks in memory at a time where all of a namespace are read: some 2 MB. */
const blocksRead = 256;

const tokenKey = (token: string) => `t${token}`;
const valueKey = (value: string) => `v${value}`;

class NamespaceFinder {
  /** By token. */
  readonly entries = new Map<string, EntryRow>();
  readonly tombstones: Buffer[] = [];
  readonly met = new Set<string>();
  readonly metBefore = new Set<string>();
  readonly #file: VaultFile;
  readonly #namespace: NamespaceState;
  readonly #digests: TombstoneDigests;
  readonly #stones: Tombstones;
  readonly #formOf: (value: string) => string;
  readonly #sql;

  constructor(file: VaultFile, namespace: NamespaceState) {
    const { db, keys } = file;
    this.#file = file;
    this.#namespace = namespace;
    this.#digests = new TombstoneDigests(keys);
    this.#stones = new Tombstones(db, keys);
    this.#formOf = canonicalizerById(namespace.canonical).apply;
    this.#sql = {
      row: db.prepare<[number, Buffer], EntryRow>(
        'SELECT token, ref, tail FROM token_vault WHERE namespace_id = ? AND token = ?',
      ),
      block: db.prepare<[number], BlockRow>('SELECT * FROM vault_block WHERE block_id = ?'),
      blocks: db.prepare<[number, number], BlockRow>(
        `SELECT * FROM vault_block WHERE namespace_id = ? AND block_id > ? ORDER BY block_id LIMIT ${blocksRead}`,
      ),
    };
  }

  findTokens(texts: readonly string[]): void {
    const { name, kind, id } = this.#namespace;
    const surrogates = kind === 'surrogate' ? new SurrogateDigests(this.#file.keys, name) : undefined;
    for (const text of texts) {
      const token = surrogates === undefined ? bytesOf(text) : Buffer.from(surrogates.tokenOf(text), 'hex');
      if (token === undefined) continue;
      const row = this.#sql.row.get(id, token);
      if (row !== undefined) {
        this.#take(row, kind === 'random' ? undefined : this.#formAt(row));
        this.met.add(tokenKey(text));
      } else if (this.#stones.find(id, this.#digests.ofToken(name, token)) !== undefined) {
        this.metBefore.add(tokenKey(text));
      }
    }
  }

  findValues(values: readonly string[]): void {
    if (values.length === 0) return;
    const { name, kind, id } = this.#namespace;
    // Several spellings may be one form.
    const forms = new Map<string, string[]>();
    for (const value of values) {
      const form = this.#formOf(value);
      forms.set(form, [...(forms.get(form) ?? []), value]);
    }
    const take = (row: EntryRow, form: string) => {
      this.#take(row, form);
      for (const value of forms.get(form) ?? []) this.met.add(valueKey(value));
    };
    if (kind === 'token') {
      const digest = new TokenDigests(this.#file.keys).of(name);
      for (const form of forms.keys()) {
        const row = this.#sql.row.get(id, Buffer.from(digest(form).slice(0, tokenBytes * 2), 'hex'));
        if (row !== undefined) take(row, form);
      }
    } else {
      this.#searchBlocks(forms, take);
    }
    for (const [form, spellings] of forms) {
      if (this.#stones.find(id, this.#digests.ofValue(name, form)) === undefined) continue;
      for (const value of spellings) this.metBefore.add(valueKey(value));
    }
  }

  /** Where nothing leads from a value to its token, all are read. */
  #searchBlocks(forms: ReadonlyMap<string, unknown>, take: (row: EntryRow, form: string) => void): void {
    let last = 0;
    for (;;) {
      const blocks = this.#sql.blocks.all(this.#namespace.id, last);
      for (const block of blocks) this.#searchBlock(block, forms, take);
      if (blocks.length < blocksRead) return;
      last = blocks.at(-1)?.block_id ?? last;
    }
  }

  #searchBlock(row: BlockRow, forms: ReadonlyMap<string, unknown>, take: (row: EntryRow, form: string) => void): void {
    const { db, keys } = this.#file;
    const opened = openBlockRow(db, keys, this.#namespace.name, row);
    // What can't be read can't be searched: saying that nothing was found would be wrong.
    if (opened === undefined) {
      throw new IntegrityError('vault-tampered', { message: `Block ${row.block_id} of the vault does not open` });
    }
    for (let slot = 0; slot < opened.count; slot++) {
      if (opened.isErased(slot)) continue;
      const form = this.#formOf(opened.value(slot));
      if (!forms.has(form)) continue;
      const entry = this.#sql.row.get(this.#namespace.id, Buffer.from(opened.token(slot)));
      if (entry !== undefined) take(entry, form);
    }
  }

  #formAt({ ref, token }: EntryRow): string | undefined {
    const { db, keys } = this.#file;
    const row = this.#sql.block.get(Math.floor(ref / blockCapacity));
    const block = row && openBlockRow(db, keys, this.#namespace.name, row);
    const slot = ref % blockCapacity;
    return block?.holds(slot, token) ? this.#formOf(block.value(slot)) : undefined;
  }

  /** @param form where left out, only this one of a value's random tokens is meant */
  #take(row: EntryRow, form: string | undefined): void {
    const key = row.token.toString('hex');
    if (!this.entries.has(key)) {
      this.entries.set(key, row);
      this.tombstones.push(this.#digests.ofToken(this.#namespace.name, row.token));
    }
    if (form !== undefined) this.tombstones.push(this.#digests.ofValue(this.#namespace.name, form));
  }
}

function bytesOf(text: string): Buffer | undefined {
  const token = isToken(text) ? text : tokenInEmail(text);
  return token === undefined ? undefined : Buffer.from(token.slice(tokenPrefix.length), 'hex');
}
