import type { PoolClient } from '../../database/index.ts';
import { nameBatch } from './index-writer.ts';
import type { KeyRange } from './range-key.ts';

/** A column and the keys that are looked for in it. */
export interface ColumnRange extends KeyRange {
  readonly columnNo: number;
  /** It is `from` alone: such records lie in order of their numbers. */
  readonly isOneKey: boolean;
}

/** Met by a record that any of these finds. */
export type Condition = readonly ColumnRange[];

export interface RecordQuery {
  readonly batchId: string;
  /** All must be met. */
  readonly conditions: readonly Condition[];
  /** Left out: by number. */
  readonly sort?: { readonly columnNo: number; readonly descending: boolean } | undefined;
  /** Go on behind this one. */
  readonly after?: FoundRecord | undefined;
  readonly limit: number;
}

export interface FoundRecord {
  readonly seq: number;
  /** Of the column it is sorted by; empty where it is by number. */
  readonly key: Buffer;
}

/** So many records are gathered and sorted; where every condition finds more, the index is walked in order instead. */
const gatherAtMost = 5_000;

/**
 * PostgreSQL knows nothing of what has just been stored and would guess: for this transaction it is to go along the indexes, as
 * the statements below are written for.
 */
const walkIndexes = `SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off;
  SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off`;

/**
 * Finds records by their index rows, in order, in a transaction that may see the batch.
 *
 * One condition, or none, is a walk along an index. With several the rarest decides: if it finds few records, they are
 * gathered and looked at one by one. Otherwise the walk goes along the order and asks of each record whether it meets the
 * rest, which takes as long as those that do are far between.
 */
export async function findRecords(tx: PoolClient, query: RecordQuery): Promise<FoundRecord[]> {
  await nameBatch(tx, query.batchId);
  await tx.query(walkIndexes);
  const statement = new Statement(query.batchId);
  const { conditions, sort } = query;
  const onSorted = conditions.findIndex(
    ([range, ...others]) => range !== undefined && range.columnNo === sort?.columnNo && others.length === 0,
  );
  const isOneWalk = conditions.length === 0 || (conditions.length === 1 && (sort === undefined || onSorted === 0));
  const rarest = isOneWalk ? undefined : await rarestCondition(tx, query);
  const text =
    rarest !== undefined
      ? gather(statement, query, rarest)
      : sort !== undefined
        ? walkColumn(statement, query, sort, onSorted)
        : walkNumbers(statement, query);
  const { rows } = await tx.query<FoundRecord>(text, statement.values);
  return rows;
}

/** The statement's parameters, as they come up. */
class Statement {
  readonly values: unknown[];

  constructor(batchId: string) {
    this.values = [batchId];
  }

  add(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  /** SQL of one column's range; the batch is `$1`. */
  range(alias: string, range: ColumnRange): string {
    return `${alias}.batch_id = $1 AND ${alias}.column_no = ${this.add(range.columnNo)} AND ${this.keys(alias, range)}`;
  }

  keys(alias: string, { from, before, isOneKey }: ColumnRange): string {
    if (isOneKey) return `${alias}.key = ${this.add(from)}`;
    return `${alias}.key >= ${this.add(from)} AND ${alias}.key < ${this.add(before)}`;
  }

  /** SQL of a record's key in a column, by its number: one look at the primary key. */
  keyOf(columnNo: number, seq: string, shown = 'i.key'): string {
    const column = this.add(columnNo);
    return `(SELECT ${shown} FROM record_index i WHERE i.batch_id = $1 AND i.column_no = ${column} AND i.seq = ${seq})`;
  }

  /** SQL of a condition on a record whose number is given. */
  holds(condition: Condition, seq: string): string {
    const ranges = condition.map((range) => this.keyOf(range.columnNo, seq, this.keys('i', range)));
    return `(${ranges.join(' OR ')})`;
  }

  all(conditions: readonly Condition[], seq: string): string {
    return conditions.map((each) => ` AND ${this.holds(each, seq)}`).join('');
  }
}

/** Index of the condition that finds fewest records, if those are few. */
async function rarestCondition(tx: PoolClient, { batchId, conditions }: RecordQuery): Promise<number | undefined> {
  let rarest: number | undefined;
  let fewest = gatherAtMost + 1;
  for (const [index, condition] of conditions.entries()) {
    const statement = new Statement(batchId);
    const parts = condition.map(
      (range) => `(SELECT seq FROM record_index i WHERE ${statement.range('i', range)} LIMIT ${statement.add(fewest)})`,
    );
    const { rows } = await tx.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM (${parts.join(' UNION ALL ')}) found`,
      statement.values,
    );
    const found = rows[0]?.n ?? 0;
    if (found < fewest) {
      fewest = found;
      rarest = index;
    }
  }
  return rarest;
}

function gather(statement: Statement, { conditions, sort, after, limit }: RecordQuery, rarest: number): string {
  const parts = (conditions[rarest] ?? []).map(
    (range) => `SELECT seq FROM record_index i WHERE ${statement.range('i', range)}`,
  );
  const found = `WITH found AS MATERIALIZED (${parts.join(' UNION ')})`;
  const others = statement.all(
    conditions.filter((_, i) => i !== rarest),
    'found.seq',
  );
  if (sort === undefined) {
    const from = after ? ` AND found.seq > ${statement.add(after.seq)}` : '';
    return `${found} SELECT seq, ''::bytea AS key FROM found WHERE true${from}${others} ORDER BY seq LIMIT ${statement.add(limit)}`;
  }
  const key = statement.keyOf(sort.columnNo, 'found.seq');
  return `${found}, keyed AS MATERIALIZED (SELECT seq, ${key} AS key FROM found WHERE true${others})
          SELECT s.seq, s.key FROM keyed s WHERE true${behind(statement, sort, after)}
          ${orderBy(sort)} LIMIT ${statement.add(limit)}`;
}

function walkColumn(
  statement: Statement,
  { conditions, after, limit }: RecordQuery,
  sort: NonNullable<RecordQuery['sort']>,
  onSorted: number,
): string {
  const [range] = conditions[onSorted] ?? [];
  const own = range ? statement.range('s', range) : `s.batch_id = $1 AND s.column_no = ${statement.add(sort.columnNo)}`;
  const others = statement.all(
    conditions.filter((_, i) => i !== onSorted),
    's.seq',
  );
  return `SELECT s.seq, s.key FROM record_index s WHERE ${own}${behind(statement, sort, after)}${others}
          ${orderBy(sort)} LIMIT ${statement.add(limit)}`;
}

function walkNumbers(statement: Statement, { conditions, after, limit }: RecordQuery): string {
  const count = statement.add(limit);
  const from = statement.add(after?.seq ?? 0);
  const [first, ...rest] = [...conditions].sort((a, b) => Number(isInOrder(b)) - Number(isInOrder(a)));
  if (first === undefined) {
    return `SELECT seq, ''::bytea AS key FROM tokenized_record WHERE batch_id = $1 AND seq > ${from} ORDER BY seq LIMIT ${count}`;
  }
  const parts = first.map(
    (range) =>
      `(SELECT d.seq FROM record_index d WHERE ${statement.range('d', range)} AND d.seq > ${from}${statement.all(rest, 'd.seq')}
        ORDER BY d.seq LIMIT ${count})`,
  );
  return `SELECT DISTINCT seq, ''::bytea AS key FROM (${parts.join(' UNION ALL ')}) found ORDER BY seq LIMIT ${count}`;
}

/** Its records come out of the index by number; a wider range's have to be sorted. */
function isInOrder(condition: Condition): boolean {
  return condition.every(({ isOneKey }) => isOneKey);
}

function behind(statement: Statement, { descending }: { descending: boolean }, after: FoundRecord | undefined): string {
  if (after === undefined) return '';
  return ` AND (s.key, s.seq) ${descending ? '<' : '>'} (${statement.add(after.key)}, ${statement.add(after.seq)})`;
}

function orderBy({ descending }: { descending: boolean }): string {
  return descending ? 'ORDER BY s.key DESC, s.seq DESC' : 'ORDER BY s.key, s.seq';
}
