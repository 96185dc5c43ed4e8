import { InputError } from '@sdp/shared/errors';
import type { ByteSink } from '../csv/index.ts';
import type { ManifestFormat } from '../manifest/index.ts';
import type { TableInput, TablePlan, TableSummary } from '../tables/index.ts';

export interface RewriteParquetOptions {
  readonly signal: AbortSignal;
  readonly described?: Extract<ManifestFormat, { kind: 'parquet' }>;
}

export async function rewriteParquet(
  _table: TableInput,
  _sink: ByteSink,
  _plan: TablePlan,
  _options: RewriteParquetOptions,
): Promise<TableSummary> {
  throw new InputError('format-unsupported');
}
