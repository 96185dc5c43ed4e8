import type { Batch } from '@sdp/shared/contracts';
import { formatBytes, type TableCell, type Terminal } from '../terminal/index.ts';
import type { Receipt, Upload } from '../upload/index.ts';
import { type CommandContext, pathForPeople } from './context.ts';

/** Says by which column results will be known, where nobody chose it. */
export function announceKeyColumn(terminal: Terminal, { keyColumn, keyColumnFrom }: Upload): void {
  if (keyColumnFrom !== 'nobody') return;
  terminal.info(`results will be known by ${keyColumn}, the first column (--key-column names another)`);
}

/** The outcome of an upload, and of the wait for its batch if there was one. */
export function reportUpload(
  context: CommandContext,
  outcome: {
    readonly receipt: Receipt;
    readonly receiptPath: string;
    readonly upload: Upload;
    readonly batch: Batch | undefined;
  },
): void {
  const { receipt, receiptPath, upload, batch } = outcome;
  const { response, inspection, compression } = upload;
  const status = batch?.status ?? response.status;
  const sentAs = compression === 'none' ? 'CSV' : compression;
  const rows: [string, TableCell][] = [
    ['batch', receipt.batch_id],
    ['status', status],
    ['records', response.accepted_records],
    ['file', `${receipt.file.name} (${formatBytes(inspection.bytes)}, sent as ${sentAs})`],
    ['key column', receipt.key_column],
    ['receipt', pathForPeople(context, receiptPath)],
    ...Object.entries(batch?.counts ?? {}),
  ];
  context.terminal.result([{ columns: ['upload', ''], rows }], {
    batch_id: receipt.batch_id,
    accepted_records: response.accepted_records,
    status,
    ...(batch === undefined ? {} : { counts: batch.counts, model_version: batch.model_version }),
    server_url: receipt.server_url,
    client_id: receipt.client_id,
    processing_type: receipt.processing_type,
    key_column: receipt.key_column,
    file_sha256: receipt.file.sha256,
    declared_safe: receipt.declared_safe,
    receipt: receiptPath,
  });
}
