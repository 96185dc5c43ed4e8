import { UsageError } from '@sdp/shared/errors';
import { Command, InvalidArgumentError, Option } from 'commander';
import { configFromFlags, readConfig, type TokenizationConfig } from '../config/index.ts';
import { loadMasterKey } from '../keys/index.ts';
import { openInput, openUntouched, planConfiguredColumns, previewRows } from '../pipeline/index.ts';
import { openTable, type TableFormat, tableFormats } from '../tables/index.ts';
import { addColumnFlags, type ColumnCommandFlags } from './column-flags.ts';
import { type CommandContext, pathFrom, vaultPathFrom } from './context.ts';
import { addCsvFlags, type CsvFlags, csvOptionsOf } from './csv-flags.ts';
import { addOutputFlags } from './output-flags.ts';
import { reportPreview } from './preview-report.ts';

interface PreviewFlags extends CsvFlags, ColumnCommandFlags {
  readonly input: string;
  readonly config?: string;
  readonly sourceTable?: string;
  readonly format?: TableFormat;
  readonly sheet?: string;
  readonly rows: number;
  readonly reveal?: boolean;
  readonly vault?: string;
}

const mostRows = 100;

/** `sdp preview`: shows the first rows before and after tokenizing, and writes nothing. */
export function previewCommand(context: CommandContext): Command {
  const command = new Command('preview')
    .summary('show the first rows before and after tokenizing')
    .description(
      'Treats the first rows of a file as tokenize-config or tokenize-csv would and shows each value beside what would stand in its place. Nothing is written: no output, no manifest, and the vault is opened for reading at most. Values are shown by their shape (A for a capital, a for another letter, 9 for a digit) unless --reveal is given.',
    )
    .requiredOption('--input <file>', 'CSV, NDJSON, Parquet or .xlsx file to read, plain or compressed; - for stdin')
    .option('--config <file>', 'YAML file with source_table, key_column and columns')
    .option('--source-table <name>', 'in place of --config: table the data comes from');
  addColumnFlags(command)
    .addOption(
      new Option('--format <name>', 'format of the input (default: by its first bytes and its name, else csv)').choices(
        tableFormats,
      ),
    )
    .option('--sheet <name>', 'sheet of a workbook (default: its first)')
    .option('--rows <count>', `how many rows to show, at most ${mostRows}`, parseRows, 3)
    .option('--reveal', 'show the values themselves')
    .option('--vault <file>', 'vault that a run would use (default: SDP_VAULT, else token_vault.db)');
  return addOutputFlags(addCsvFlags(command))
    .addHelpText(
      'after',
      `
Tokens are those that a run gives, but for random ones, which differ each time. Columns that are kept or dropped are
named below the rows. A value that its method cannot take is marked; a run would stop there.

Examples:
  $ sdp preview --config configs/customers_tokenization.yml --input data-samples/customers_raw.csv
  $ sdp preview --input customers.csv --source-table customers --column email --method card=mask,keep_last=4 --reveal
`,
    )
    .action(async (flags: PreviewFlags) => {
      const config = await configOf(context, flags);
      const masterKey = await loadMasterKey(context);
      const vault = await openUntouched(vaultPathFrom(context, flags.vault), masterKey);
      try {
        const input = await openInput(context, flags.input);
        const { format, sheet } = flags;
        const table = await openTable(input, { name: flags.input, ...(format === undefined ? {} : { format }) });
        const preview = await previewRows(table, {
          plan: planConfiguredColumns(config),
          authority: vault.authority,
          rows: flags.rows,
          csv: csvOptionsOf(flags),
          signal: context.signal,
          sheet,
        });
        reportPreview(context.terminal, preview, flags.reveal ?? false);
      } finally {
        await vault.close();
      }
    });
}

async function configOf(context: CommandContext, flags: PreviewFlags): Promise<TokenizationConfig> {
  const { config, sourceTable, column, method, nullMarker, region } = flags;
  if (config !== undefined) {
    if ([sourceTable, column, method, nullMarker, region].every((flag) => flag === undefined)) {
      return await readConfig(pathFrom(context, config));
    }
    throw new UsageError('usage-invalid', {
      message: '--config and flags that describe columns exclude each other',
      remedy: 'Leave out --config, or say it all there.',
    });
  }
  if (sourceTable === undefined) {
    throw new UsageError('usage-invalid', {
      message: 'Nothing says how the columns are treated',
      remedy: 'Give --config FILE, or --source-table NAME with --column and --method.',
    });
  }
  return configFromFlags({
    sourceTable,
    columns: column,
    methods: method,
    nullMarkers: nullMarker,
    region,
  });
}

function parseRows(text: string): number {
  const rows = Number(text);
  if (/^\d{1,3}$/.test(text) && rows >= 1 && rows <= mostRows) return rows;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${mostRows}.`);
}
