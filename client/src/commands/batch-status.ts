import type { Batch } from '@sdp/shared/contracts';
import { Command } from 'commander';
import type { TableCell } from '../terminal/index.ts';
import { fetchBatch } from '../upload/index.ts';
import type { CommandContext } from './context.ts';
import { addOutputFlags } from './output-flags.ts';
import { protectionTable, riskTable, utilityTable } from './release-tables.ts';
import {
  addServerOptions,
  connectToServer,
  parseBatchId,
  type ServerOptions,
  type ServerTuning,
} from './server-connection.ts';

interface Options extends ServerOptions {
  readonly batchId: string;
}

/** `sdp batch-status`: where a batch is on its way, and why it failed if it did. */
export function batchStatusCommand(context: CommandContext, tuning: ServerTuning = {}): Command {
  const command = new Command('batch-status')
    .summary('show where a batch is on its way')
    .description('Shows where a batch is on its way. The API key comes from SDP_API_KEY or SDP_API_KEY_FILE.')
    .requiredOption('--batch-id <id>', 'batch, as `sdp upload-batch` printed it');
  return addOutputFlags(addServerOptions(command))
    .addHelpText(
      'after',
      `
Example:
  $ sdp batch-status --batch-id 0b7c2a54-6f3e-4f0a-9b1d-2f8a4c6e7d10 --server-url https://sdp.example.com
`,
    )
    .action(async (options: Options) => {
      const batchId = parseBatchId(options.batchId);
      const client = await connectToServer(context, options, tuning);
      try {
        const batch = await fetchBatch(client, batchId);
        const { release } = batch;
        const tables =
          release === null ? [] : [protectionTable(release), riskTable(release.risk), utilityTable(release.utility)];
        const status = { columns: ['batch', batch.batch_id], rows: rowsOf(batch) };
        context.terminal.result([status, ...tables.flatMap((table) => ['', table])], batch);
      } finally {
        await client.close();
      }
    });
}

function rowsOf(batch: Batch): [string, TableCell][] {
  const rows: [string, TableCell | null][] = [
    ['status', batch.status],
    ['processing type', batch.processing_type],
    ['client', batch.client_id],
    ['records accepted', String(batch.accepted_records)],
    ['records processed', String(batch.processed_records)],
    ...Object.entries(batch.counts).map(([name, count]): [string, string] => [`  ${name}`, String(count)]),
    ['model version', batch.model_version],
    ['key column', batch.key_column],
    ['declared safe', batch.declared_safe.length === 0 ? null : batch.declared_safe.join(', ')],
    ['received', batch.received_at],
    ['started', batch.started_at],
    ['finished', batch.finished_at],
    ['reason', batch.reason === null ? null : `${batch.reason.code}: ${batch.reason.message}`],
  ];
  return rows.filter((row): row is [string, TableCell] => row[1] !== null);
}
