import type { BatchResult, Cell, ProcessingType } from '@sdp/shared/contracts';
import { RejectedError } from '@sdp/shared/errors';

export const resultFormats = ['json', 'ndjson', 'csv'] as const;
export type ResultFormat = (typeof resultFormats)[number];

export const mediaTypes: Readonly<Record<ResultFormat, string>> = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
};

/**
 * @param asked value of `?format=`, which goes before the Accept header
 * @param accepts picks the best of some media types by the Accept header
 * @throws {RejectedError} `not-acceptable`
 */
export function chooseFormat(asked: unknown, accepts: (types: string[]) => string | false): ResultFormat {
  const format =
    asked === undefined
      ? resultFormats.find((each) => mediaTypes[each] === accepts(Object.values(mediaTypes)))
      : resultFormats.find((each) => each === asked);
  if (!format) throw new RejectedError('not-acceptable');
  return format;
}

export interface ResultsHead {
  readonly batchId: string;
  readonly processingType: ProcessingType;
  readonly recordCount: number;
  /** For `anonymization`: the quasi-identifiers, each a column of the CSV form. */
  readonly valueColumns: readonly string[];
}

/** Turns results into the text of an answer, chunk by chunk. */
export async function* renderResults(
  format: ResultFormat,
  head: ResultsHead,
  chunks: AsyncIterable<readonly BatchResult[]>,
): AsyncGenerator<string> {
  if (format === 'json') {
    const { batchId, processingType, recordCount } = head;
    const start = JSON.stringify({ batch_id: batchId, processing_type: processingType, record_count: recordCount });
    yield `${start.slice(0, -1)},"results":[`;
    let separator = '';
    for await (const results of chunks) {
      if (results.length === 0) continue;
      yield separator + results.map((each) => JSON.stringify(each)).join(',');
      separator = ',';
    }
    yield ']}\n';
    return;
  }
  if (format === 'csv') yield csvLine(csvColumns(head));
  for await (const results of chunks) {
    yield results
      .map((each) => (format === 'ndjson' ? `${JSON.stringify(each)}\n` : csvLine(csvCells(each, head))))
      .join('');
  }
}

function csvColumns({ processingType, valueColumns }: ResultsHead): string[] {
  switch (processingType) {
    case 'risk_scoring':
      return ['seq', 'key', 'status', 'score', 'band', 'feature_coverage', 'model_version'];
    case 'anonymization':
      return ['seq', 'key', 'status', 'class_size', ...valueColumns.map((name) => `value.${name}`)];
    case 'anomaly_detection':
      return ['seq', 'key', 'status', 'score', 'is_anomaly', 'columns', 'rules'];
  }
}

function csvCells(result: BatchResult, { valueColumns }: ResultsHead): Cell[] {
  const { seq, key, status } = result;
  if ('band' in result) {
    return [seq, key, status, result.score, result.band, result.feature_coverage, result.model_version];
  }
  if ('values' in result) {
    return [seq, key, status, result.class_size, ...valueColumns.map((name) => result.values[name] ?? null)];
  }
  const columns = result.columns
    .map(({ column, share, direction, position, aspect }) =>
      [column, share.toFixed(4), direction, position?.toFixed(4), aspect]
        .filter((part) => part !== undefined)
        .join(':'),
    )
    .join(' ');
  const rules = (result.rules ?? []).map(({ rule, numbers = {} }) =>
    [rule, ...Object.entries(numbers).map(([name, value]) => `${name}=${value}`)].join(':'),
  );
  return [seq, key, status, result.score, result.is_anomaly, columns, rules.join(' ')];
}

function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

const plainNumber = /^[+-]?\d+(\.\d+)?$/;

/**
 * A cell that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, "CSV Injection"); numbers with a sign
 * are none.
 */
export function csvCell(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell !== 'string') return String(cell);
  const safe = /^[=+\-@\t\r]/.test(cell) && !plainNumber.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
