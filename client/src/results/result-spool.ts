import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';

/** Keys of the raw file against keys of the results. */
export interface JoinCounts {
  readonly matched: number;
  /** Raw rows that no result belongs to. */
  readonly unmatchedRows: number;
  /** Results that no raw row belongs to. */
  readonly foreignResults: number;
  /** Raw rows whose key stood in an earlier row. */
  readonly duplicateKeys: number;
  /** Results whose key stood in an earlier result. */
  readonly repeatedResults: number;
}

const spools = new Set<string>();
process.on('exit', () => {
  for (const folder of spools) rmSync(folder, { recursive: true, force: true });
});

/**
 * Results on disk, joined to raw rows by key, so that memory stays flat whatever the batch's size. The file holds scores
 * and the batch's keys as they were uploaded; only this user can read it and it goes when the process does.
 *
 * The n-th row with a key gets the n-th result with it; a single result serves every row with its key. As long as
 * results and rows come in one order, the join is a merge and needs no index.
 */
export class ResultSpool {
  readonly #folder: string;
  readonly #db: Database.Database;
  readonly #insert: Database.Statement<[number, string, string]>;
  #cursor: IterableIterator<[string, string]> | undefined;
  #rows = 0;
  #matched = 0;
  #results = 0;
  #byKey: KeyLookup | undefined;

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), 'sdp-results-'));
    spools.add(this.#folder);
    const path = join(this.#folder, 'results.db');
    closeSync(openSync(path, 'wx', 0o600));
    this.#db = new Database(path);
    // Nothing has to survive a crash.
    this.#db.exec(`
      PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -32000;
      CREATE TABLE result (seq INTEGER PRIMARY KEY, key TEXT NOT NULL, cells TEXT NOT NULL);
      CREATE TABLE raw_key (key TEXT PRIMARY KEY, seen INTEGER NOT NULL) WITHOUT ROWID;
    `);
    this.#insert = this.#db.prepare('INSERT INTO result (seq, key, cells) VALUES (?, ?, ?)');
  }

  /** Empties the spool for another try, and starts to take results. */
  begin(): void {
    if (this.#db.inTransaction) this.#db.exec('COMMIT');
    this.#db.exec('DELETE FROM result; BEGIN');
    this.#results = 0;
  }

  /** Takes the results in order; `key` as it was uploaded. */
  add(seq: number, key: string, cells: readonly string[]): void {
    this.#insert.run(seq, key, JSON.stringify(cells));
    this.#results += 1;
  }

  /** Ends the taking. */
  seal(): void {
    this.#db.exec('COMMIT; BEGIN');
  }

  /** Some of the keys, from the start. */
  firstKeys(count: number): string[] {
    return this.#db.prepare<[number], string>('SELECT key FROM result ORDER BY seq LIMIT ?').pluck().all(count);
  }

  /** Cells for the next raw row, which has this key (as it would have been uploaded); undefined without a result. */
  take(key: string): readonly string[] | undefined {
    this.#rows += 1;
    const cells = this.#byKey === undefined ? this.#takeInOrder(key) : this.#byKey.take(key);
    if (cells === undefined) return undefined;
    this.#matched += 1;
    return JSON.parse(cells) as string[];
  }

  counts(): JoinCounts {
    this.#closeCursor();
    const number = (sql: string) => this.#db.prepare<[], number | null>(sql).pluck().get() ?? 0;
    const repeatedResults = this.#results - number('SELECT count(DISTINCT key) FROM result');
    const common = { matched: this.#matched, unmatchedRows: this.#rows - this.#matched, repeatedResults };
    if (this.#byKey === undefined) {
      // Every row so far has used up one result of its own.
      const used = this.#rows - number(`SELECT count(DISTINCT key) FROM result WHERE seq <= ${this.#rows}`);
      return { ...common, foreignResults: this.#results - this.#rows, duplicateKeys: used };
    }
    return {
      ...common,
      duplicateKeys: number('SELECT sum(seen - 1) FROM raw_key'),
      foreignResults: number(`
        SELECT sum(max(0, r.n - coalesce(k.seen, 0)))
        FROM (SELECT key, count(*) AS n FROM result GROUP BY key) r LEFT JOIN raw_key k ON k.key = r.key`),
    };
  }

  close(): void {
    this.#closeCursor();
    this.#db.close();
    rmSync(this.#folder, { recursive: true, force: true });
    spools.delete(this.#folder);
  }

  #takeInOrder(key: string): string | undefined {
    this.#cursor ??= this.#db
      .prepare<[], [string, string]>('SELECT key, cells FROM result ORDER BY seq')
      .raw()
      .iterate() as IterableIterator<[string, string]>;
    const next = this.#cursor.next();
    if (next.done !== true && next.value[0] === key) return next.value[1];
    this.#closeCursor();
    this.#byKey = new KeyLookup(this.#db, this.#rows - 1);
    return this.#byKey.take(key);
  }

  #closeCursor(): void {
    this.#cursor?.return?.();
    this.#cursor = undefined;
  }
}

/** Finds results by key, and counts which keys the raw file has had. */
class KeyLookup {
  readonly #seen: Database.Statement<[string], number>;
  readonly #first: Database.Statement<[string], string>;
  readonly #later: Database.Statement<[string, number], string>;
  readonly #count: Database.Statement<[string], number>;

  /** @param rowsInOrder raw rows that were joined in order before; their keys are those of the first results */
  constructor(db: Database.Database, rowsInOrder: number) {
    db.exec('CREATE INDEX result_key ON result (key, seq)');
    db.prepare('INSERT INTO raw_key SELECT key, count(*) FROM result WHERE seq <= ? GROUP BY key').run(rowsInOrder);
    this.#seen = db
      .prepare<[string], number>(
        'INSERT INTO raw_key VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET seen = seen + 1 RETURNING seen',
      )
      .pluck();
    this.#first = db.prepare<[string], string>('SELECT cells FROM result WHERE key = ? ORDER BY seq LIMIT 1').pluck();
    this.#later = db
      .prepare<[string, number], string>('SELECT cells FROM result WHERE key = ? ORDER BY seq LIMIT 1 OFFSET ?')
      .pluck();
    this.#count = db
      .prepare<[string], number>('SELECT count(*) FROM (SELECT 1 FROM result WHERE key = ? LIMIT 2)')
      .pluck();
  }

  take(key: string): string | undefined {
    const occurrence = this.#seen.get(key) ?? 1;
    if (occurrence === 1 || this.#count.get(key) === 1) return this.#first.get(key);
    return this.#later.get(key, occurrence - 1);
  }
}
