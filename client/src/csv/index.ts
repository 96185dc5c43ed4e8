export type {
  AppendedColumns,
  ByteSink,
  ByteSource,
  ColumnEdit,
  CsvDialect,
  CsvEdits,
  CsvEncoding,
  CsvOptions,
  CsvProgress,
  CsvRewriteSummary,
  CsvRows,
  RowBatch,
  RowView,
  TableCheckpoints,
  TablePosition,
} from './csv-types.ts';
export { csvEncodings, rowGroupSize } from './csv-types.ts';
export { openRowScanner } from './open-row-scanner.ts';
export { readRows } from './read-rows.ts';
export { resolveColumn, resolveColumns } from './resolve-column.ts';
export { rewriteCsv } from './rewrite-csv.ts';
