export { isAlreadyTokenized } from './already-done.ts';
export { invalidNamespace } from './column-authority.ts';
export { type ColumnTally, columnEdits, completeTallies } from './column-edits.ts';
export { describeColumns, irreversibleShifts } from './column-record.ts';
export { isReversible, type RevealedColumn } from './column-reveals.ts';
export {
  type ColumnPlan,
  type ColumnRule,
  namespaceOf,
  planConfiguredColumns,
} from './column-rule.ts';
export { type DetokenizeOutcome, type DetokenizeRequest, detokenizeFile } from './detokenize-file.ts';
export { type DryRunOutcome, dryRun } from './dry-run.ts';
export { cardOf, fpeOf } from './keyed-methods.ts';
export { type FileOutcome, filePairs, workOnFiles } from './many-files.ts';
export { nullMarkerSet, skipMarkers, walkPastMany } from './null-markers.ts';
export { openInput } from './open-input.ts';
export { OutputTarget } from './output-target.ts';
export { type Preview, type PreviewCell, previewRows } from './preview-rows.ts';
export { rowProgress } from './row-progress.ts';
export { sweepLeftOf } from './run-checkpoint.ts';
export { type TokenizeOutcome, type TokenizeRequest, tokenizeFile } from './tokenize-file.ts';
export { openUntouched, type UntouchedVault } from './untouched-vault.ts';
