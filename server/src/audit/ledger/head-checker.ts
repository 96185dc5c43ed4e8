import type { CompactRange } from '@sdp/shared/crypto';
import { type PoolClient, query } from '../../database/index.ts';
import { isSignedWith } from './ledger-key.ts';
import type { FindingList } from './ledger-report.ts';
import { presentHead } from './ledger-store.ts';
import type { SignedHead } from './signed-head.ts';

type HeadRow = Parameters<typeof presentHead>[0];

/** Compares signed heads, those in the database and those that were anchored, with the tree as it is now. */
export class HeadChecker {
  readonly #publicKey: string;
  readonly #findings: FindingList;
  readonly #stored = new Map<number, SignedHead>();
  readonly #anchored = new Map<number, SignedHead[]>();
  #loaded = 0;
  /** Up to where the tree is known to be what was signed. */
  #good = 0;
  #isRewritten = false;
  /** Number of heads in the database. */
  count = 0;

  constructor(publicKey: string, anchored: readonly SignedHead[], findings: FindingList) {
    this.#publicKey = publicKey;
    this.#findings = findings;
    for (const head of anchored) this.#anchored.set(head.size, [...(this.#anchored.get(head.size) ?? []), head]);
    if (anchored.length === 0) findings.add({ kind: 'anchor-missing' });
  }

  /** Reads the heads up to the entry of that number. */
  async load(client: PoolClient, lastSeq: number): Promise<void> {
    const { rows } = await query<HeadRow>(
      client,
      'SELECT * FROM audit_head WHERE size > $1 AND size <= $2 ORDER BY size',
      [this.#loaded, lastSeq + 1],
    );
    for (const row of rows) this.#stored.set(Number(row.size), presentHead(row));
    this.count += rows.length;
    this.#loaded = Math.max(this.#loaded, lastSeq + 1);
  }

  /** After each entry. */
  check(range: CompactRange, chain: Buffer): void {
    const { size } = range;
    const stored = this.#stored.get(size);
    const anchored = this.#anchored.get(size);
    if (!stored && !anchored) return;
    this.#stored.delete(size);
    this.#anchored.delete(size);
    const root = range.root().toString('hex');
    const chainText = chain.toString('hex');
    const before = this.#good;
    for (const head of [...(stored ? [stored] : []), ...(anchored ?? [])]) {
      if (!isSignedWith(this.#publicKey, head))
        this.#findings.add({ kind: 'head-forged', entry: this.#good, until: size });
      else if (head.root === root && head.chain === chainText) this.#good = size;
      else this.#tellRewritten(size);
    }
    if (!stored && this.#good === size) this.#findings.add({ kind: 'head-deleted', entry: before, until: size });
  }

  /** Once all entries are read. */
  async finish(client: PoolClient, size: number, last: SignedHead | undefined): Promise<void> {
    await this.load(client, Number.MAX_SAFE_INTEGER - 1);
    const left = [...this.#stored.values(), ...[...this.#anchored.values()].flat()];
    const ahead = left.filter((head) => isSignedWith(this.#publicKey, head)).map((head) => head.size);
    if (ahead.length > 0) this.#findings.add({ kind: 'rolled-back', entry: size, until: Math.max(...ahead) });
    if (ahead.length < left.length) this.#findings.add({ kind: 'head-forged' });
    const signed = last?.size ?? 0;
    if (size > signed) this.#findings.add({ kind: 'entry-inserted', entry: signed, until: size });
  }

  /** What follows from it is not told again; nor what was found to be changed before. */
  #tellRewritten(size: number): void {
    if (this.#isRewritten) return;
    this.#isRewritten = true;
    if (!this.#findings.isExplained) this.#findings.add({ kind: 'history-rewritten', entry: this.#good, until: size });
  }
}
