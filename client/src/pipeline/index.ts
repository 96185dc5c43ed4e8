export type { ColumnTally } from './column-edits.ts';
export {
  type ColumnPlan,
  type ColumnRule,
  namespaceOf,
  planConfiguredColumns,
  planNamedColumns,
} from './column-rule.ts';
export { type DetokenizeOutcome, type DetokenizeRequest, detokenizeFile } from './detokenize-file.ts';
export { openInput } from './open-input.ts';
export { OutputTarget } from './output-target.ts';
export { rowProgress } from './row-progress.ts';
export { type TokenizeOutcome, type TokenizeRequest, tokenizeFile } from './tokenize-file.ts';
