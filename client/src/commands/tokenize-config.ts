import { Command } from 'commander';
import { readConfig } from '../config/index.ts';
import { planConfiguredColumns, type TokenizeRequest } from '../pipeline/index.ts';
import { type CommandContext, pathFrom, vaultPathFrom } from './context.ts';
import { addCsvFlags, type CsvFlags, csvOptionsOf } from './csv-flags.ts';
import { addOutputFlags } from './output-flags.ts';
import { runTokenize } from './run-tokenize.ts';
import { addRunFlags, addTableFlags, type RunFlags, type TableFlags, tableRequestOf } from './table-flags.ts';

interface TokenizeConfigFlags extends CsvFlags, TableFlags, RunFlags {
  readonly config: string;
  readonly input: string;
  readonly output: string;
  readonly vault?: string;
  readonly manifest?: string;
  readonly strict?: boolean;
}

/** `sdp tokenize-config`: treats every column of a CSV file as a configuration says. */
export function tokenizeConfigCommand(context: CommandContext): Command {
  const command = new Command('tokenize-config')
    .summary('tokenize a CSV file as a configuration says')
    .description(
      'Treats every column as the configuration says: token, random, email, card, fpe, date-shift and text can be reversed; hash, redact, mask, bucket and drop cannot; keep changes nothing. A column that the configuration does not name is an error unless it sets a default.',
    )
    .requiredOption('--config <file>', 'YAML file with source_table, key_column and columns')
    .requiredOption(
      '--input <file>',
      'CSV, NDJSON, Parquet or .xlsx file to read, plain or compressed; a folder or pattern; - for stdin',
    )
    .requiredOption(
      '--output <file>',
      'file to write, replaced if it is there; - for stdout; for a folder or pattern, a folder',
    )
    .option('--strict', 'fail, with no output, where frequency analysis would undo a column’s tokens')
    .option('--vault <file>', 'vault file, made if it is not there (default: SDP_VAULT, else token_vault.db)')
    .option('--manifest <file>', 'where the manifest goes (default: the output with .manifest.json)');
  return addOutputFlags(addRunFlags(addTableFlags(addCsvFlags(command))))
    .addHelpText(
      'after',
      `
docs/tokenization.md says when to choose which method and what it leaks.

Example:
  $ sdp tokenize-config --config configs/customers_tokenization.yml \\
      --input data-samples/customers_raw.csv --output customers_tok.csv
`,
    )
    .action(async (flags: TokenizeConfigFlags) => {
      const configPath = pathFrom(context, flags.config);
      const config = await readConfig(configPath);
      const request: TokenizeRequest = {
        input: flags.input,
        output: flags.output,
        vaultPath: vaultPathFrom(context, flags.vault),
        sourceTable: config.sourceTable,
        plan: planConfiguredColumns(config),
        strict: config.strict || flags.strict === true,
        csv: csvOptionsOf(flags),
        ...tableRequestOf(flags),
        alsoReads: [configPath],
        ...(config.keyColumn === undefined ? {} : { keyColumn: config.keyColumn }),
        ...(flags.manifest === undefined ? {} : { manifest: flags.manifest }),
      };
      await runTokenize(context, request, flags);
    });
}
