import { InputError } from '@sdp/shared/errors';
import {
  type ColumnIndex,
  type ColumnRange,
  type Comparison,
  type Condition,
  comparisons,
  type IndexedColumn,
  isInRange,
  type RecordRow,
  rangeOf,
} from '../../records/index.ts';

/** What is looked for, as it stands in the query. */
export interface SearchRequest {
  /** Each `column:comparison:value`. */
  readonly filters: readonly string[];
  /** A value that must stand in one of the columns that can be searched. */
  readonly search: string | undefined;
  readonly sort: string | undefined;
  readonly descending: boolean;
}

export interface Search {
  readonly conditions: readonly Condition[];
  readonly sort: { readonly columnNo: number; readonly descending: boolean } | undefined;
  /** Whether a record is what was looked for. The index is only where one looks first. */
  matches(cells: RecordRow): boolean;
}

const comparisonPattern = new RegExp(`^([^]*?):(${comparisons.join('|')}):([^]*)$`);

/**
 * Turns a request into what the index is asked. Where a column is only compared (`lt`, `ge` and so on) and no order is asked for,
 * the records come in order of that column: any other order would have to sort all that it finds.
 *
 * @throws {InputError} `column-not-indexed` for a column that wasn't declared, or not for this; `request-invalid`
 */
export function readSearch(request: SearchRequest, index: ColumnIndex): Search {
  const filters = request.filters.map((text) => readFilter(text, index.columns));
  const ranges = filters.map(({ column, comparison, value }) => columnRange(index, column, comparison, value));
  const conditions: Condition[] = ranges.map((range) => [range]);
  if (request.search !== undefined) conditions.push(anywhere(index, request.search));
  return {
    conditions,
    sort: orderOf(request, index, conditions),
    matches: (cells) => conditions.every((condition) => condition.some((range) => isFound(index, range, cells))),
  };
}

function readFilter(text: string, columns: readonly IndexedColumn[]) {
  // A column's name may hold anything: of those that are known the longest that fits counts.
  const fitting = columns
    .filter(({ name }) => text.startsWith(`${name}:`))
    .map((column) => ({ column, match: comparisonPattern.exec(text.slice(column.name.length)) }))
    .filter(({ match }) => match?.[1] === '')
    .sort((a, b) => b.column.name.length - a.column.name.length);
  const [best] = fitting;
  if (best?.match) {
    return { column: best.column, comparison: best.match[2] as Comparison, value: best.match[3] ?? '' };
  }
  if (comparisonPattern.test(text)) throw notIndexed('filter');
  throw new InputError('request-invalid', {
    details: {
      findings: [{ field: 'filter', message: `must be column:comparison:value, by ${comparisons.join(', ')}` }],
    },
  });
}

function columnRange(index: ColumnIndex, column: IndexedColumn, comparison: Comparison, value: string): ColumnRange {
  const { columnNo } = column;
  if (column.kind === 'range') {
    return { columnNo, ...rangeOf(comparison, value), isOneKey: comparison === 'eq' };
  }
  if (comparison !== 'eq') throw notIndexed('filter');
  const from = index.keyOf(column, value);
  return { columnNo, from, before: Buffer.concat([from, Buffer.of(0)]), isOneKey: true };
}

/** @throws {InputError} `column-not-indexed` where no column can be searched */
function anywhere(index: ColumnIndex, value: string): Condition {
  if (index.columns.length === 0) throw notIndexed('search');
  return index.columns.map((column) => columnRange(index, column, 'eq', value));
}

function orderOf({ sort, descending }: SearchRequest, { columns }: ColumnIndex, conditions: readonly Condition[]) {
  if (sort !== undefined) {
    const column = columns.find(({ name, kind }) => name === sort && kind === 'range');
    if (column === undefined) throw notIndexed('sort');
    return { columnNo: column.columnNo, descending };
  }
  const [first] = conditions;
  const isCompared = first?.length === 1 && conditions.every(([range]) => range?.isOneKey === false);
  return isCompared && first[0] ? { columnNo: first[0].columnNo, descending } : undefined;
}

function isFound({ columns, cellOf, keyOf }: ColumnIndex, range: ColumnRange, cells: RecordRow): boolean {
  const column = columns[range.columnNo];
  return column !== undefined && isInRange(keyOf(column, cellOf(column, cells)), range);
}

function notIndexed(field: string): InputError {
  return new InputError('column-not-indexed', {
    details: { findings: [{ field, message: 'names a column that was not declared for it at upload' }] },
  });
}
