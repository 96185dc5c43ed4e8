import { Command } from 'commander';
import { configFromFlags } from '../config/index.ts';
import { planConfiguredColumns, type TokenizeRequest } from '../pipeline/index.ts';
import { addColumnFlags, type ColumnCommandFlags } from './column-flags.ts';
import { type CommandContext, vaultPathFrom } from './context.ts';
import { addCsvFlags, type CsvFlags, csvOptionsOf } from './csv-flags.ts';
import { addOutputFlags } from './output-flags.ts';
import { runTokenize } from './run-tokenize.ts';
import { addRunFlags, addTableFlags, type RunFlags, type TableFlags, tableRequestOf } from './table-flags.ts';

interface TokenizeCsvFlags extends CsvFlags, ColumnCommandFlags, TableFlags, RunFlags {
  readonly input: string;
  readonly output: string;
  readonly sourceTable: string;
  readonly strict?: boolean;
  readonly keyColumn?: string;
  readonly vault?: string;
  readonly manifest?: string;
}

/** `sdp tokenize-csv`: tokenizes the columns named on the command line and keeps all others. */
export function tokenizeCsvCommand(context: CommandContext): Command {
  const command = new Command('tokenize-csv')
    .summary('tokenize named columns of a CSV file')
    .description(
      'Replaces the values of the named columns by tokens, or as --method says, and keeps the originals in the vault. All else stays byte for byte as it is. Beside the output a manifest says what was done; upload-batch asks for it.',
    )
    .requiredOption(
      '--input <file>',
      'CSV, NDJSON, Parquet or .xlsx file to read, plain or compressed; a folder or pattern; - for stdin',
    )
    .requiredOption(
      '--output <file>',
      'file to write, replaced if it is there; - for stdout; for a folder or pattern, a folder',
    )
    .requiredOption('--source-table <name>', 'table the data comes from: tokens of other tables differ');
  addColumnFlags(command)
    .option('--strict', 'fail, with no output, where frequency analysis would undo a column’s tokens')
    .option('--key-column <name>', 'column that identifies a row, for upload-batch and integrate-results')
    .option('--vault <file>', 'vault file, made if it is not there (default: SDP_VAULT, else token_vault.db)')
    .option('--manifest <file>', 'where the manifest goes (default: the output with .manifest.json)');
  return addOutputFlags(addRunFlags(addTableFlags(addCsvFlags(command))))
    .addHelpText(
      'after',
      `
An output that is there already is replaced, at once and only on success. Empty cells stay empty. A value that looks
like a token is tokenized as any other, with a warning.

Methods and their options are those of the configuration file; --column NAME is short for --method NAME=token.

Examples:
  $ sdp tokenize-csv --input customers.csv --output customers_tok.csv \\
      --source-table customers --column email --column phone
  $ sdp tokenize-csv --input customers.csv --output customers_tok.csv --source-table customers \\
      --column email --method born=date-shift,entity=email,max_days=30 --method card=mask,keep_last=4
`,
    )
    .action(async (flags: TokenizeCsvFlags) => {
      const config = configFromFlags({
        sourceTable: flags.sourceTable,
        keyColumn: flags.keyColumn,
        columns: flags.column,
        methods: flags.method,
        nullMarkers: flags.nullMarker,
        region: flags.region,
        strict: flags.strict,
      });
      const request: TokenizeRequest = {
        input: flags.input,
        output: flags.output,
        vaultPath: vaultPathFrom(context, flags.vault),
        sourceTable: flags.sourceTable,
        plan: planConfiguredColumns(config),
        strict: config.strict,
        csv: csvOptionsOf(flags),
        ...tableRequestOf(flags),
        ...(flags.keyColumn === undefined ? {} : { keyColumn: flags.keyColumn }),
        ...(flags.manifest === undefined ? {} : { manifest: flags.manifest }),
      };
      await runTokenize(context, request, flags);
    });
}
