import { IntegrityError } from '@sdp/shared/errors';
import { isToken, type PlainValue, type Token, tokenPrefix } from '@sdp/shared/tokenization';
import type { OpenedBlock } from './block.ts';
import { type BlockRow, openBlockRow } from './block-row.ts';
import type { Database } from './database.ts';
import { blockCapacity } from './format.ts';
import type { Keyring } from './keyring.ts';
import { OpenedBlocks } from './opened-blocks.ts';
import { RepetitionCache } from './repetition-cache.ts';

interface NamespaceRow {
  readonly namespace_id: number;
  readonly name: string;
}

/** A token row, and the way to its value. */
export interface StoredEntry {
  /** In hex. */
  readonly tail: string;
  value(): PlainValue | undefined;
}

/** Finds tokens and opens their values. */
export class VaultReader {
  readonly #db: Database;
  readonly #keys: Keyring;
  readonly #opened = new OpenedBlocks();
  readonly #ids = new Map<string, number>();
  readonly #inOneRead: <T>(work: () => T) => T;
  readonly #sql;

  constructor(db: Database, keys: Keyring) {
    this.#db = db;
    this.#keys = keys;
    this.#inOneRead = (work) => db.transaction(work)();
    this.#sql = {
      namespaces: db.prepare<[], NamespaceRow>('SELECT * FROM namespace ORDER BY namespace_id'),
      ref: db
        .prepare<[number, Buffer], number>('SELECT ref FROM token_vault WHERE namespace_id = ? AND token = ?')
        .pluck(),
      entry: db.prepare<[number, Buffer], { ref: number; tail: Buffer }>(
        'SELECT ref, tail FROM token_vault WHERE namespace_id = ? AND token = ?',
      ),
      block: db.prepare<[number], BlockRow>('SELECT * FROM vault_block WHERE block_id = ?'),
    };
  }

  revealer(names?: readonly string[]): (token: string) => PlainValue | undefined {
    const recent = new RepetitionCache<PlainValue>();
    const wanted = (row: NamespaceRow) => names === undefined || names.includes(row.name);
    let searched = this.#namespaces().filter(wanted);
    const isSearched = (id: number) => searched.some((row) => row.namespace_id === id);
    const find = (token: Buffer): PlainValue | undefined => {
      for (const namespace of searched) {
        const ref = this.#sql.ref.get(namespace.namespace_id, token);
        if (ref === undefined) continue;
        const value = this.#open(namespace, ref, token);
        if (value !== undefined) return value;
      }
      return undefined;
    };
    return (text) => {
      if (!isToken(text)) return undefined;
      const known = recent.get(text);
      if (known !== undefined) return known;
      const token = tokenBytesOf(text);
      let value = (this.#opened.valueOf(token, isSearched) as PlainValue | undefined) ?? find(token);
      if (value === undefined) {
        // Perhaps it is in a namespace that was made since.
        const now = this.#namespaces().filter(wanted);
        if (now.length !== searched.length) {
          searched = now;
          value = find(token);
        }
      }
      if (value !== undefined) recent.set(text, value);
      return value;
    };
  }

  contains(name: string, tokens: readonly string[]): boolean[] {
    // In one read transaction: taking and releasing the lock for each token would cost more than finding it.
    return this.#inOneRead(() => {
      const id = this.#namespaces().find((row) => row.name === name)?.namespace_id;
      return tokens.map(
        (text) => id !== undefined && isToken(text) && this.#sql.ref.get(id, tokenBytesOf(text)) !== undefined,
      );
    });
  }

  #namespaces(): readonly NamespaceRow[] {
    return this.#sql.namespaces.all();
  }

  /** The entry that is stored under a token in a namespace; its value is opened when asked for. */
  entry(name: string, token: Buffer): StoredEntry | undefined {
    const id = this.namespaceId(name);
    const row = id === undefined ? undefined : this.#sql.entry.get(id, token);
    if (id === undefined || row === undefined) return undefined;
    const value = () => this.#open({ namespace_id: id, name }, row.ref, token);
    return { tail: row.tail.toString('hex'), value };
  }

  /** `undefined` as long as nothing is stored in the namespace. Ids stay. */
  namespaceId(name: string): number | undefined {
    let id = this.#ids.get(name);
    if (id === undefined) {
      id = this.#namespaces().find((row) => row.name === name)?.namespace_id;
      if (id !== undefined) this.#ids.set(name, id);
    }
    return id;
  }

  #open(namespace: NamespaceRow, ref: number, token: Buffer): PlainValue | undefined {
    const blockId = Math.floor(ref / blockCapacity);
    const slot = ref % blockCapacity;
    let block = this.#opened.get(blockId);
    // Another process may have written the block anew since.
    if (!block?.holds(slot, token)) block = this.#openBlock(namespace, blockId);
    if (block?.holds(slot, token)) return block.value(slot) as PlainValue;
    // Or it has erased the entry between the two looks.
    if (this.#sql.ref.get(namespace.namespace_id, token) === undefined) return undefined;
    throw new IntegrityError('vault-tampered', { message: 'A token of the vault leads to no value of its own' });
  }

  #openBlock(namespace: NamespaceRow, blockId: number): OpenedBlock | undefined {
    const row = this.#sql.block.get(blockId);
    const block = row && openBlockRow(this.#db, this.#keys, namespace.name, row);
    if (block !== undefined) this.#opened.add(namespace.namespace_id, blockId, block);
    return block;
  }
}

function tokenBytesOf(token: Token): Buffer {
  return Buffer.from(token.slice(tokenPrefix.length), 'hex');
}
