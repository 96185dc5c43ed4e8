import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { InputError, UsageError } from '@sdp/shared/errors';
import { Command, InvalidArgumentError } from 'commander';
import { withoutCompression } from '../compression/index.ts';
import type { ByteSource } from '../csv/index.ts';
import { AtomicFile, fileIdentity } from '../files/index.ts';
import { openInput } from '../pipeline/open-input.ts';
import {
  configText,
  confirmed,
  knownColumns,
  loadDictionary,
  type ProposedTable,
  proposeMethod,
  type ScannedTable,
  sampleTable,
  scanTable,
  shareNamespaces,
  type TableSample,
} from '../scan/index.ts';
import { openTable, type TableInput } from '../tables/index.ts';
import { type CommandContext, pathFrom, stdioPath } from './context.ts';
import { addCsvFlags, type CsvFlags, collect, csvOptionsOf } from './csv-flags.ts';
import { addOutputFlags } from './output-flags.ts';
import { reportScan } from './report-scan.ts';

interface ScanFlags extends CsvFlags {
  readonly input: readonly string[];
  readonly output?: string;
  readonly sourceTable?: string;
  readonly sample: number;
  readonly whole?: boolean;
  /** False with --no-header. */
  readonly header: boolean;
}

/** `sdp scan`: says which columns hold personal data, and drafts a configuration. */
export function scanCommand(context: CommandContext): Command {
  const command = new Command('scan')
    .summary('find personal data in a table and draft a configuration')
    .description(
      'Says of every column what it holds (direct identifier, quasi-identifier, sensitive, text that may hold identifiers, or none of these), why, and how to treat it; writes a configuration for tokenize-config. Judges names of columns in some forty languages, forms and checksums of values, and names and places it knows. No value is printed or written: what is shown of them is their form.',
    )
    .requiredOption(
      '--input <file>',
      'CSV file (gzip and zstd too) or .xlsx workbook to read; - for stdin; may be repeated',
      collect,
    )
    .option('--output <file>', 'configuration to write; with several inputs a folder, one file for each')
    .option('--source-table <name>', 'name of the table (default: that of the file)')
    .option('--sample <rows>', 'rows to judge', rowsOf, 2_000)
    .option('--whole', 'look for identifiers in every cell, not in the sample alone')
    .option('--no-header', 'the first row is data (default: found out)');
  return addOutputFlags(addCsvFlags(command))
    .addHelpText(
      'after',
      `
Large files are sampled at their start and at evenly spread places; --whole reads all of them.
Files that are scanned together get namespaces in common where their columns can be joined.

Example:
  $ sdp scan --input data-samples/customers_raw.csv --output customers.yml
  $ sdp tokenize-config --config customers.yml --input data-samples/customers_raw.csv --output customers_tok.csv
`,
    )
    .action((flags: ScanFlags) => scan(context, flags));
}

async function scan(context: CommandContext, flags: ScanFlags): Promise<void> {
  assertFlags(flags);
  const dictionary = await loadDictionary();
  const thisYear = new Date().getFullYear();
  const tables: ScannedTable[] = [];
  for (const path of flags.input) {
    const judge = (sample: TableSample) => scanTable(sample, dictionary, thisYear, flags.header ? undefined : false);
    tables.push(await scanFile(context, flags, path, judge));
  }
  const namespaces = shareNamespaces(tables.map(({ columns }) => columns));
  const proposed = tables.map(
    (table, index): ProposedTable => ({
      table,
      sourceTable: flags.sourceTable ?? tableName(flags.input[index] as string),
      proposals: table.columns.map((column) => proposeMethod(column, namespaces[index]?.[column.index])),
    }),
  );
  const written = await writeConfigs(context, flags, proposed);
  reportScan(
    context,
    proposed.map((table, index) => ({ ...table, input: flags.input[index] as string, config: written[index] })),
  );
}

/** With --whole a file is sampled first: cells of columns that are known by then need no look at each. */
async function scanFile(
  context: CommandContext,
  flags: ScanFlags,
  path: string,
  judge: (sample: TableSample) => ScannedTable,
): Promise<ScannedTable> {
  if (!flags.whole || path === stdioPath) return judge(await sampleOf(context, flags, path));
  const first = judge(await sampleOf(context, { ...flags, whole: false }, path));
  return confirmed(judge(await sampleOf(context, flags, path, knownColumns(first))), first);
}

function assertFlags({ input, sourceTable }: ScanFlags): void {
  const wrong =
    input.length > 1 && sourceTable !== undefined
      ? '--source-table cannot name several tables'
      : input.length > 1 && input.includes(stdioPath)
        ? 'stdin cannot be scanned together with other files'
        : undefined;
  if (wrong !== undefined) {
    throw new UsageError('usage-invalid', { message: wrong, remedy: 'Scan the files one by one, or leave it out.' });
  }
}

/**
 * A file that is not UTF-8 and has no mark that says otherwise is most likely Latin-1, and rows with missing cells keep
 * nobody from seeing what the others hold: it is read again so.
 */
async function sampleOf(
  context: CommandContext,
  flags: ScanFlags,
  path: string,
  known?: ReadonlySet<number>,
): Promise<TableSample> {
  try {
    return await sampleAs(context, flags, path, known);
  } catch (error) {
    if (!(error instanceof InputError) || path === stdioPath) throw error;
    if (error.code === 'csv-encoding' && flags.encoding === undefined) {
      return sampleOf(context, { ...flags, encoding: 'latin1' }, path, known);
    }
    if (error.code !== 'csv-ragged' || flags.lenient) throw error;
    const sample = await sampleOf(context, { ...flags, lenient: true }, path, known);
    context.terminal.warn(`${path} has rows with missing cells; give --lenient to tokenize-config as well`);
    return sample;
  }
}

async function sampleAs(
  context: CommandContext,
  flags: ScanFlags,
  path: string,
  known: ReadonlySet<number> | undefined,
): Promise<TableSample> {
  const input = await openInput(context, path);
  const table = await openTable(input, { name: path });
  const text = { ...input, source: await csvTextOf(table, context.signal) };
  const plain = path !== stdioPath && table.format === 'csv' && table.compression === 'none';
  const progress = context.terminal.progress('scanning', { unit: 'bytes', total: input.sizeBytes ?? 0 });
  try {
    return await sampleTable(text, {
      csv: { ...csvOptionsOf(flags), signal: context.signal },
      rows: flags.sample,
      whole: flags.whole ?? false,
      onProgress: () => progress.update(table.fileBytesRead()),
      ...(known === undefined ? {} : { known }),
      ...(plain ? { path: pathFrom(context, path) } : {}),
    });
  } finally {
    progress.stop();
  }
}

/** @throws {InputError} `format-unsupported` */
async function csvTextOf(table: TableInput, signal: AbortSignal): Promise<ByteSource> {
  if (table.format === 'csv') return table.text;
  if (table.format === 'xlsx') {
    const { csvOfSheet } = await import('../xlsx/csv-of-sheet.ts');
    return csvOfSheet(table, { signal });
  }
  throw new InputError('format-unsupported', {
    message: `Files of the format ${table.format} cannot be scanned`,
    remedy: 'Scan the same table as CSV (compressed or not) or as a workbook; the configuration it drafts fits both.',
  });
}

/** @returns where each configuration went */
async function writeConfigs(
  context: CommandContext,
  { output, input }: ScanFlags,
  tables: readonly ProposedTable[],
): Promise<(string | undefined)[]> {
  if (output === undefined) return tables.map(() => undefined);
  const target = pathFrom(context, output);
  if (output === stdioPath) {
    if (tables.length > 1) {
      throw new UsageError('usage-invalid', {
        message: 'Several configurations cannot go to stdout',
        remedy: 'Give a folder to --output.',
      });
    }
    context.terminal.reserveStdout();
    context.stdout.write(configText(tables[0] as ProposedTable));
    return [stdioPath];
  }
  if (tables.length > 1) await mkdir(target, { recursive: true });
  const names = uniqueNames(tables.map(({ sourceTable }) => sourceTable));
  const mustNotBe = await Promise.all(
    input.map((path) => (path === stdioPath ? undefined : fileIdentity(pathFrom(context, path)))),
  );
  const written: string[] = [];
  for (const [index, table] of tables.entries()) {
    const path = tables.length > 1 ? join(target, `${names[index]}.yml`) : target;
    const file = await AtomicFile.create(path, { mustNotBe });
    try {
      await file.write(Buffer.from(configText(table)));
      await file.sync();
      await file.publish();
    } catch (error) {
      await file.discard();
      throw error;
    }
    written.push(path);
  }
  return written;
}

function uniqueNames(names: readonly string[]): string[] {
  return names.map((name, index) => {
    const earlier = names.slice(0, index).filter((other) => other === name).length;
    return earlier === 0 ? name : `${name}_${earlier + 1}`;
  });
}

/** What the file is called, as a table may be: `Kunden 2026.csv` gives `Kunden_2026`. */
function tableName(path: string): string {
  const name = withoutCompression(basename(path))
    .replace(/\.[^.]*$/, '')
    .replace(/[^\p{L}\p{N}_-]+/gu, '_')
    .slice(0, 100);
  return path === stdioPath || name === '' ? 'table' : name;
}

function rowsOf(text: string): number {
  const rows = Number(text);
  if (!Number.isInteger(rows) || rows < 10 || rows > 100_000) {
    throw new InvalidArgumentError('It must be a whole number from 10 to 100000.');
  }
  return rows;
}
