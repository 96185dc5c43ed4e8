import type { Batch } from '@sdp/shared/contracts';
import { type Finding, InputError } from '@sdp/shared/errors';
import type { JoinCounts } from '../results/index.ts';
import type { Receipt } from '../upload/index.ts';
import { type CommandContext, pathForPeople, stdioPath } from './context.ts';

/** @throws {InputError} `results-key-mismatch` unless every key fits exactly once */
export function assertAllMatched(counts: JoinCounts, batchId: string): void {
  const findings: Finding[] = [
    { count: counts.unmatchedRows, message: 'rows without a result' },
    { count: counts.foreignResults, message: 'results without a row' },
    { count: counts.duplicateKeys, message: 'rows whose key stands in an earlier row' },
    { count: counts.repeatedResults, message: 'results whose key stands in an earlier result' },
  ].flatMap(({ count, message }) => (count === 0 ? [] : [{ message: `${count} ${message}` }]));
  if (findings.length === 0) return;
  throw new InputError('results-key-mismatch', { details: { batchId, findings, count: findings.length } });
}

/** What was joined, and what was not. */
export function reportMerge(
  context: CommandContext,
  merge: {
    readonly batch: Batch;
    readonly output: string;
    readonly rows: number;
    readonly added: readonly string[];
    readonly counts: JoinCounts;
    readonly receipt: Receipt | undefined;
  },
): void {
  const { batch, output, rows, added, counts, receipt } = merge;
  const { matched, unmatchedRows, foreignResults, duplicateKeys, repeatedResults } = counts;
  context.terminal.result(
    [
      {
        columns: ['results', 'count'],
        rows: [
          ['rows of the raw file', rows],
          ['with a result', matched],
          ['without a result', unmatchedRows],
          ['results without a row', foreignResults],
          ['rows with an earlier row’s key', duplicateKeys],
          ['results with an earlier result’s key', repeatedResults],
        ],
      },
      '',
      `columns added  ${added.join(', ')}`,
      ...(output === stdioPath ? [] : [`output         ${pathForPeople(context, output)}`]),
    ],
    {
      batch_id: batch.batch_id,
      processing_type: batch.processing_type,
      model_version: batch.model_version,
      output,
      rows,
      matched,
      unmatched_rows: unmatchedRows,
      foreign_results: foreignResults,
      duplicate_keys: duplicateKeys,
      repeated_results: repeatedResults,
      columns_added: added,
      receipt_checked: receipt !== undefined && receipt.mac !== null,
    },
  );
}
