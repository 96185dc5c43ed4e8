import type { Queryable } from '../../database/index.ts';
import { type ChangePage, type NumberedChange, readChanges } from './anomaly-changes.ts';

/** Kept in memory for those who are up to date; whoever is further behind reads the table. */
const maxBytes = 256 * 1024;
const pageChanges = 200;

/** The newest changes of some clients, read once for all streams that show the same ones. */
export class ChangeTail {
  readonly tenants: readonly string[] | '*';
  readonly #db: Queryable;
  #changes: NumberedChange[] = [];
  #bytes = 0;
  /** Every change after this one, up to the end, is in memory. */
  #start = 0n;
  #end: bigint | undefined;

  /** @param db sees the rows of these tenants alone */
  constructor(db: Queryable, tenants: readonly string[] | '*') {
    this.#db = db;
    this.tenants = tenants;
  }

  /** Up to here changes can be read; undefined before the first look. */
  get end(): bigint | undefined {
    return this.#end;
  }

  /** @returns whether there may be something new to read */
  async advance(upTo: bigint): Promise<boolean> {
    if (this.#end === undefined) {
      this.#start = upTo;
      this.#end = upTo;
      return true;
    }
    let isNew = false;
    while (this.#end < upTo) {
      const page = await readChanges(this.#db, this.tenants, this.#end, upTo, pageChanges);
      this.#changes.push(...page.changes);
      for (const { json } of page.changes) this.#bytes += json.length;
      this.#end = page.position;
      isNew ||= page.changes.length > 0;
      this.#trim();
    }
    return isNew;
  }

  /** Changes behind a position, as many as there are in memory or in a page. */
  async after(position: bigint): Promise<ChangePage> {
    if (this.#end === undefined || position >= this.#end) return { changes: [], position };
    if (position < this.#start) {
      return readChanges(this.#db, this.tenants, position, this.#end, pageChanges);
    }
    const first = this.#changes.findIndex(({ seq }) => seq > position);
    return { changes: first < 0 ? [] : this.#changes.slice(first), position: this.#end };
  }

  #trim(): void {
    let dropped = 0;
    while (this.#bytes > maxBytes) {
      const change = this.#changes[dropped++] as NumberedChange;
      this.#bytes -= change.json.length;
      this.#start = change.seq;
    }
    this.#changes.splice(0, dropped);
  }
}
