export { openTable, type TableInput } from './open-table.ts';
export { type RewriteTableOptions, rewriteTable, type TablePlan, type TableSummary } from './rewrite-table.ts';
export { assertNameFits, formatByName, outputFormatOf, type TableFormat, tableFormats } from './table-format.ts';
