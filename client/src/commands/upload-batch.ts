import { basename, resolve } from 'node:path';
import type { Batch } from '@sdp/shared/contracts';
import { UsageError } from '@sdp/shared/errors';
import { Command, Option } from 'commander';
import { inputStream, openInputFile } from '../files/index.ts';
import { manifestPathFor } from '../manifest/index.ts';
import {
  type ApiClient,
  type Compression,
  compressions,
  createReceipt,
  findProvenance,
  type KeyRing,
  openKeyRing,
  parseDeclarations,
  parseParams,
  parseProcessingType,
  type Receipt,
  receiptPathFor,
  spoolStream,
  uploadFile,
  waitForBatch,
  writeReceipt,
} from '../upload/index.ts';
import { type CommandContext, pathFrom, stdioPath, vaultPathFrom } from './context.ts';
import { addCsvFlags, type CsvFlags, collect, csvOptionsOf } from './csv-flags.ts';
import { addOutputFlags } from './output-flags.ts';
import {
  addServerOptions,
  connectToServer,
  parseClientId,
  parseSeconds,
  required,
  type ServerOptions,
  type ServerTuning,
} from './server-connection.ts';
import { announceKeyColumn, reportUpload } from './upload-report.ts';
import { warnOfLeak } from './warn-of-leak.ts';

interface Options extends ServerOptions, CsvFlags {
  readonly file: string;
  readonly clientId?: string;
  readonly processingType: string;
  readonly keyColumn?: string;
  readonly sourceTable?: string;
  readonly param?: readonly string[];
  readonly manifest?: string;
  readonly vault?: string;
  readonly declare?: readonly string[];
  readonly declareSafe?: readonly string[];
  readonly compression?: Compression;
  readonly idempotencyKey?: string;
  readonly receipt?: string;
  readonly wait?: boolean;
  readonly timeout: number;
}

/** `sdp upload-batch`: checks a tokenized file, sends it, and remembers the batch in a receipt. */
export function uploadBatchCommand(context: CommandContext, tuning: ServerTuning = {}): Command {
  const command = new Command('upload-batch')
    .summary('send a tokenized CSV file to the server')
    .description(
      'Sends a tokenized CSV file to the server.\n\nThe whole file is looked at before anything is sent: it needs the manifest that ' +
        '`sdp tokenize-*` wrote beside it, or columns that you declare, and nothing in which raw e-mail addresses, payment cards, ' +
        'IBANs, US social security or telephone numbers are found. The API key comes from SDP_API_KEY or SDP_API_KEY_FILE.',
    )
    .requiredOption('--file <path>', 'tokenized CSV file; - for stdin')
    .option('--client-id <id>', 'client that the API key belongs to; SDP_CLIENT_ID if left out')
    .requiredOption('--processing-type <type>', 'risk_scoring, anonymization or anomaly_detection');
  addServerOptions(command)
    .option(
      '--key-column <column>',
      'column that identifies a record in the results (default: the manifest’s, else the first)',
    )
    .option('--source-table <name>', 'table the data comes from (default: the manifest’s)')
    .option('--param <name=value>', 'parameter of the processing type; may be repeated', collect)
    .option('--manifest <path>', 'manifest of the file (default: the file’s name and .manifest.json)')
    .option('--vault <path>', 'vault that made the tokens; SDP_VAULT if left out')
    .option(
      '--declare <column=method>',
      'how a column was made, in place of a manifest: token, hash, mask, keep and the other methods; may be repeated',
      collect,
    )
    .option(
      '--declare-safe <column>',
      'answers a false alarm of detection; is recorded with the batch; may be repeated',
      collect,
    )
    .addOption(new Option('--compression <method>', 'default: the best that the server takes').choices(compressions))
    .option('--idempotency-key <key>', 'in place of the one that is derived from file and parameters')
    .option('--receipt <path>', 'where to write the receipt (default: the file’s name and .receipt.json)')
    .option('--wait', 'wait until the batch is processed')
    .option('--timeout <seconds>', 'how long --wait waits', parseSeconds, 600);
  return addOutputFlags(addCsvFlags(command))
    .addHelpText(
      'after',
      `
Examples:
  $ sdp upload-batch --file customers_tok.csv --client-id acme --processing-type risk_scoring --server-url https://sdp.example.com --wait

  $ sdp upload-batch --file patients_tok.csv --client-id acme --processing-type anonymization \\
    --param k=5 --param quasi_identifiers=age,zip --server-url https://sdp.example.com

  $ sdp upload-batch --file logins_tok.csv --client-id acme --processing-type anomaly_detection \\
    --param rules=@login-rules.yml --param time_column=at --server-url https://sdp.example.com --wait
`,
    )
    .action((options: Options) => uploadBatch(context, options, tuning));
}

async function uploadBatch(context: CommandContext, options: Options, tuning: ServerTuning): Promise<void> {
  const { env, terminal, signal } = context;
  const clientId = parseClientId(required(options.clientId ?? env['SDP_CLIENT_ID'], '--client-id', 'SDP_CLIENT_ID'));
  const processingType = parseProcessingType(options.processingType);
  const params = await parseParams(processingType, options.param ?? [], (file) => pathFrom(context, file));
  const declared = parseDeclarations(options.declare ?? []);
  if (options.idempotencyKey !== undefined && !/^[\x21-\x7e]{1,200}$/.test(options.idempotencyKey)) {
    throw new UsageError('usage-invalid', { message: '--idempotency-key has characters that a header cannot hold' });
  }
  const client = await connectToServer(context, options, tuning);
  const input = await uploadInput(context, options.file);
  let keys: KeyRing | undefined;
  try {
    const provenance = await findProvenance({
      manifestPath: options.manifest === undefined ? manifestPathFor(input.path) : pathFrom(context, options.manifest),
      manifestNamed: options.manifest !== undefined,
      declared,
    });
    keys = await openKeyRing({
      surroundings: context,
      vaultPath: vaultPathFrom(context, options.vault),
      required: provenance.source === 'manifest' || options.vault !== undefined,
    });
    warnOfLeak(context.terminal, keys.vault?.pendingAfterLeak() ?? []);
    if (keys.vault === undefined && [...declared.values()].includes('token')) {
      terminal.warn(
        'without a vault, tokens are known by their shape only; SDP_CRYPTO_KEY and --vault let them be checked',
      );
    }
    const upload = await uploadFile(
      {
        openFile: () => openInputFile(input.path),
        clientId,
        processingType,
        params,
        keyColumn: options.keyColumn,
        provenance,
        sourceTable: options.sourceTable,
        declareSafe: options.declareSafe ?? [],
        csv: { signal, ...csvOptionsOf(options) },
        compression: options.compression,
        idempotencyKey: options.idempotencyKey,
      },
      { client, keys, terminal },
    );
    const receipt = createReceipt(
      {
        version: 1,
        created_at: new Date().toISOString(),
        batch_id: upload.response.batch_id,
        server_url: client.serverUrl,
        client_id: clientId,
        processing_type: processingType,
        key_column: upload.keyColumn,
        record_count: upload.inspection.rows,
        file: { name: basename(options.file), bytes: upload.inspection.bytes, sha256: upload.inspection.sha256 },
        source: provenance.source,
        columns: upload.columns.map((column) => ({ ...column })),
        declared_safe: [...upload.declaredSafe],
      },
      keys.vault,
    );
    const receiptPath = await receiptPathFor({
      batchId: receipt.batch_id,
      ...(options.receipt === undefined ? {} : { named: pathFrom(context, options.receipt) }),
      beside: options.file === stdioPath ? resolve(context.cwd, receipt.batch_id) : input.path,
    });
    await writeReceipt(receiptPath, receipt);
    announceKeyColumn(terminal, upload);
    const batch = options.wait === true ? await waitFor(context, client, receipt, options.timeout) : undefined;
    reportUpload(context, { receipt, receiptPath, upload, batch });
  } finally {
    await keys?.close();
    await input.remove();
    await client.close();
  }
}

async function uploadInput(
  context: CommandContext,
  file: string,
): Promise<{ readonly path: string; remove(): Promise<void> }> {
  if (file !== stdioPath) return { path: pathFrom(context, file), remove: async () => undefined };
  return await spoolStream(inputStream(context.stdin, context.signal).source);
}

/** A failure while waiting does not undo the upload: the batch's id is told first. */
async function waitFor(context: CommandContext, client: ApiClient, receipt: Receipt, seconds: number): Promise<Batch> {
  const { terminal, signal } = context;
  terminal.info(`batch ${receipt.batch_id} was accepted`);
  return await waitForBatch(client, receipt.batch_id, { timeoutMs: seconds * 1_000, terminal, signal });
}
