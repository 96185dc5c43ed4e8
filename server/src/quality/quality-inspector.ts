import type { QualityReport } from '@sdp/shared/contracts';
import { IntegrityError } from '@sdp/shared/errors';
import type { BatchInspector } from '../batches/index.ts';
import type { Pool } from '../database/index.ts';
import { Evaluator, tableOf } from './evaluation-rules.ts';
import type { TableExpectations } from './expectation.ts';
import type { QualityStore } from './quality-store.ts';

export interface QualityInspectorOptions {
  readonly pool: Pool;
  readonly store: QualityStore;
  readonly tables: readonly TableExpectations[];
  /** Told of each report once it is stored. */
  readonly onReport?: (report: QualityReport) => void;
  /** Told where the last good job's profile isn't what was stored. */
  readonly onTampered?: () => void;
}

/**
 * Looks at a batch's records before a processor does, by the expectations of the first table that it belongs to. What it
 * finds is stored in the transaction that ends the batch; one that fails an expectation of severity `error` ends there.
 */
export function createQualityInspector(options: QualityInspectorOptions): BatchInspector {
  const { pool, store, tables, onReport, onTampered } = options;
  return {
    async inspect(batch, input) {
      const table = tableOf(tables, { ...batch, sourceTable: batch.declaration?.source_table });
      if (table === undefined) return undefined;
      const earlier = await store.lastGood(pool, batch.clientId, table.sourceTable).catch((error: unknown) => {
        if (!(error instanceof IntegrityError)) throw error;
        onTampered?.();
        return 'tampered' as const;
      });
      const { columns, recordCount, receivedAt } = batch;
      const evaluator = new Evaluator(table, { columns, recordCount, receivedAt, earlier });
      for await (const { firstSeq, rows } of input.readRecords()) {
        for (const [index, row] of rows.entries()) evaluator.add(firstSeq + index, row);
      }
      const { outcome, results, profile } = evaluator.finish();
      const report = {
        job_id: batch.batchId,
        client_id: batch.clientId,
        source_table: table.sourceTable,
        outcome,
        records: recordCount,
        expectations: [...results],
        evaluated_at: new Date().toISOString(),
      };
      const failed = results.filter(({ passed, severity }) => !passed && severity === 'error').length;
      return {
        refusal:
          outcome === 'quarantined' ? `${failed} of ${results.length} expectations of the table failed` : undefined,
        write: (tx) => store.write(tx, { report, profile }),
        done: () => onReport?.(report),
      };
    },
  };
}
