export { openTable } from './open-table.ts';
export { type RewriteTableOptions, rewriteTable } from './rewrite-table.ts';
export type { TableInput, TablePlan, TableSummary } from './table.ts';
export { assertNameFits, formatByName, outputFormatOf, type TableFormat, tableFormats } from './table-format.ts';
