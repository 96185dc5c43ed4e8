import { dirname } from 'node:path';
import type { Batch } from '@sdp/shared/contracts';
import { IntegrityError } from '@sdp/shared/errors';
import { Command } from 'commander';
import { openInput, rowProgress } from '../pipeline/index.ts';
import {
  assertProcessed,
  fetchResults,
  guessJoinKey,
  isJoinable,
  type JoinKey,
  joinKeyOf,
  mergeResults,
  ResultSpool,
  WholeOutput,
} from '../results/index.ts';
import {
  fetchBatch,
  findReceipt,
  type KeyRing,
  openKeyRing,
  type Receipt,
  readReceipt,
  verifyReceipt,
} from '../upload/index.ts';
import { type CommandContext, pathFrom, stdioPath, vaultPathFrom } from './context.ts';
import { addCsvFlags, type CsvFlags, csvOptionsOf } from './csv-flags.ts';
import { assertAllMatched, reportMerge } from './merge-report.ts';
import { addOutputFlags } from './output-flags.ts';
import {
  addServerOptions,
  connectToServer,
  parseBatchId,
  type ServerOptions,
  type ServerTuning,
} from './server-connection.ts';
import { warnOfLeak } from './warn-of-leak.ts';

interface Options extends ServerOptions, CsvFlags {
  readonly batchId: string;
  readonly rawInput: string;
  readonly output: string;
  readonly keyColumn?: string;
  readonly receipt?: string;
  readonly vault?: string;
  readonly strict?: boolean;
}

/** `sdp integrate-results`: puts a batch's results behind the rows of the raw file they belong to. */
export function integrateResultsCommand(context: CommandContext, tuning: ServerTuning = {}): Command {
  const command = new Command('integrate-results')
    .summary('put the results behind the rows of the raw file')
    .description(
      'Fetches a batch’s results and puts them behind the rows of the raw file, joined by key.\n\nThe raw columns come out byte for byte. ' +
        'If the key column was tokenized, the receipt that `sdp upload-batch` wrote says how, and the vault gives the tokens. ' +
        'The n-th row with a key gets the n-th result with it; a single result serves every row with its key.',
    )
    .requiredOption('--batch-id <id>', 'batch, as `sdp upload-batch` printed it')
    .requiredOption('--raw-input <path>', 'the file before it was tokenized; - for stdin')
    .requiredOption('--output <path>', 'where to write the merged file; - for stdout')
    .option('--key-column <column>', 'column of the raw file that identifies a row (default: the receipt’s)');
  addServerOptions(command)
    .option(
      '--receipt <path>',
      'receipt of the upload (default: looked for beside the raw file, the output and the vault, and in the current folder)',
    )
    .option('--vault <path>', 'vault that made the tokens; SDP_VAULT if left out')
    .option('--strict', 'fail, with no output, unless there is a receipt and every key fits exactly once');
  return addOutputFlags(addCsvFlags(command))
    .addHelpText(
      'after',
      `
Example:
  $ sdp integrate-results --batch-id 0b7c2a54-6f3e-4f0a-9b1d-2f8a4c6e7d10 --raw-input customers.csv \\
    --output customers_scored.csv --key-column customer_id --server-url https://sdp.example.com
`,
    )
    .action((options: Options) => integrateResults(context, options, tuning));
}

async function integrateResults(context: CommandContext, options: Options, tuning: ServerTuning): Promise<void> {
  const { terminal, signal } = context;
  const batchId = parseBatchId(options.batchId);
  const strict = options.strict === true;
  const client = await connectToServer(context, options, tuning);
  let keys: KeyRing | undefined;
  let spool: ResultSpool | undefined;
  try {
    const receipt = await receiptOf(context, options, batchId);
    keys = await openKeyRing({
      surroundings: context,
      vaultPath: vaultPathFrom(context, options.vault),
      required: needsVault(receipt) || options.vault !== undefined,
    });
    warnOfLeak(context.terminal, keys.vault?.pendingAfterLeak() ?? []);
    if (receipt !== undefined) verifyReceipt(receipt, { batchId, serverUrl: client.serverUrl }, keys.vault);
    const raw = await openInput(context, options.rawInput);
    const batch = await fetchBatch(client, batchId);
    assertProcessed(batch);
    assertBatchFits(batch, receipt);
    const known = new Set(receipt?.columns.map(({ name }) => name) ?? batch.columns);
    spool = new ResultSpool();
    const resultHeader = await fetchResults(client, batch, known, spool, terminal);
    const output = await WholeOutput.open(context, options.output, { holdBack: strict, mustNotBe: [raw.identity] });
    const progress = rowProgress(terminal, 'merging', raw);
    try {
      const merged = await mergeResults(raw.source, output, spool, {
        keyColumn: options.keyColumn ?? receipt?.key_column ?? batch.key_column,
        joinKey: chooseJoinKey(receipt, keys, spool),
        resultHeader,
        csv: { signal, ...csvOptionsOf(options) },
        onProgress: (done) => progress.update(done),
      });
      const counts = spool.counts();
      if (strict) assertAllMatched(counts, batchId);
      await output.publish();
      reportMerge(context, { batch, output: output.path, rows: merged.rows, added: merged.added, counts, receipt });
    } finally {
      progress.stop();
      await output.discard();
    }
  } finally {
    spool?.close();
    await keys?.close();
    await client.close();
  }
}

async function receiptOf(context: CommandContext, options: Options, batchId: string): Promise<Receipt | undefined> {
  if (options.receipt !== undefined) return await readReceipt(pathFrom(context, options.receipt));
  // The uploaded file mostly lies with one of these, and its receipt beside it.
  const files = [options.rawInput, options.output].filter((path) => path !== stdioPath);
  const folders = [...files.map((path) => pathFrom(context, path)), vaultPathFrom(context, options.vault)].map(dirname);
  const found = await findReceipt(batchId, [...folders, context.cwd]);
  if (found !== undefined) return found.receipt;
  const message =
    'There is no receipt of this batch beside the raw file, the output or the vault, nor in the current folder';
  if (options.strict === true) throw new IntegrityError('receipt-invalid', { message, details: { batchId } });
  context.terminal.warn(`${message.toLowerCase()}: what was uploaded cannot be checked (--receipt names it)`);
  return undefined;
}

/** The receipt's key column was tokenized, or the receipt can only be checked with the vault. */
function needsVault(receipt: Receipt | undefined): boolean {
  const method = receipt?.columns.find(({ name }) => name === receipt.key_column)?.method;
  return receipt?.mac != null || (method !== undefined && isJoinable(method));
}

function assertBatchFits(batch: Batch, receipt: Receipt | undefined): void {
  if (receipt === undefined) return;
  const { processing_type, record_count, key_column } = receipt;
  if (
    batch.processing_type === processing_type &&
    batch.accepted_records === record_count &&
    batch.key_column === key_column
  ) {
    return;
  }
  throw new IntegrityError('receipt-invalid', {
    message: 'The server describes the batch otherwise than the receipt does',
    details: { batchId: batch.batch_id },
  });
}

function chooseJoinKey(receipt: Receipt | undefined, { vault }: KeyRing, spool: ResultSpool): JoinKey {
  const sample = spool.firstKeys(100);
  const column = receipt?.columns.find(({ name }) => name === receipt.key_column);
  if (column === undefined) return guessJoinKey(vault, sample);
  return joinKeyOf(
    column,
    () => {
      if (vault === undefined) throw new Error('the vault was not opened');
      return vault;
    },
    sample,
  );
}
