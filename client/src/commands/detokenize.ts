import { Command } from 'commander';
import { addReasonFlag } from '../audit/index.ts';
import type { ManifestColumn } from '../manifest/index.ts';
import {
  type DetokenizeOutcome,
  type DetokenizeRequest,
  detokenizeFile,
  filePairs,
  isReversible,
  workOnFiles,
} from '../pipeline/index.ts';
import { formatCount } from '../terminal/index.ts';
import { type CommandContext, pathForPeople, vaultPathFrom } from './context.ts';
import { addCsvFlags, type CsvFlags, collect, csvOptionsOf } from './csv-flags.ts';
import { addOutputFlags } from './output-flags.ts';
import { reportFiles } from './report-files.ts';
import { addTableFlags, type TableFlags, tableRequestOf } from './table-flags.ts';
import { warnOfUnfinished } from './warn-of-unfinished.ts';

interface DetokenizeFlags extends CsvFlags, TableFlags {
  readonly input: string;
  readonly output: string;
  readonly column?: readonly string[];
  readonly vault?: string;
  readonly manifest?: string;
  readonly keepUnknown?: boolean;
  readonly reason?: string;
  readonly keepGoing?: boolean;
}

/** `sdp detokenize`: puts the original values back. */
export function detokenizeCommand(context: CommandContext): Command {
  const command = new Command('detokenize')
    .summary('put the original values back')
    .description(
      'Replaces tokens by the values that the vault keeps for them. Where a manifest lies beside the input, all its columns that can be reversed are, byte for byte; else tokens wherever they stand in the named columns or in all. The output holds personal data again: a new file can be read by its owner only.',
    )
    .requiredOption(
      '--input <file>',
      'tokenized file: CSV, NDJSON or Parquet, plain or compressed; a folder or pattern; - for stdin',
    )
    .requiredOption(
      '--output <file>',
      'file to write, replaced if it is there; - for stdout; for a folder or pattern, a folder',
    )
    .option('--column <name>', 'column to look for tokens in, in place of the manifest; may be repeated', collect)
    .option('--vault <file>', 'vault file (default: SDP_VAULT, else token_vault.db)')
    .option('--manifest <file>', 'manifest of the input (default: the input with .manifest.json, if it is there)')
    .option('--keep-unknown', 'leave tokens that the vault does not know as they are, rather than fail')
    .option('--keep-going', 'of a folder: go on with the other files when one fails');
  return addOutputFlags(addTableFlags(addCsvFlags(addReasonFlag(command))))
    .addHelpText(
      'after',
      `
Columns that were hashed, redacted, masked, put into buckets or dropped cannot be reversed; they stay as they are.

Example:
  $ sdp detokenize --input customers_tok.csv --output customers_again.csv --reason "quarterly mailing, ticket 4711"
`,
    )
    .action(async (flags: DetokenizeFlags) => {
      const request: DetokenizeRequest = {
        input: flags.input,
        output: flags.output,
        vaultPath: vaultPathFrom(context, flags.vault),
        keepUnknown: flags.keepUnknown ?? false,
        csv: csvOptionsOf(flags),
        ...tableRequestOf(flags),
        ...(flags.reason === undefined ? {} : { reason: flags.reason }),
        ...(flags.column === undefined ? {} : { columns: flags.column }),
        ...(flags.manifest === undefined ? {} : { manifest: flags.manifest }),
      };
      const pairs = await filePairs(context, flags.input, flags.output);
      if (pairs === undefined) {
        const outcome = await detokenizeFile(context, request);
        report(context, outcome);
        return warnOfUnfinished(context, [outcome.outputPath]);
      }
      const run = { cells: 0 };
      const work = (pair: { readonly input: string; readonly output: string }) =>
        detokenizeFile(context, { ...request, ...pair, run });
      const outcomes = await workOnFiles(pairs, work, {
        keepGoing: flags.keepGoing ?? false,
        isDone: async () => false,
      });
      await warnOfUnfinished(
        context,
        pairs.map(({ output }) => output),
      );
      reportFiles(context, outcomes, ({ rows, columns }) => ({
        rows,
        'values put back': columns.reduce((sum, { revealed }) => sum + revealed, 0),
      }));
    });
}

function report(context: CommandContext, { outputPath, rows, columns, manifest }: DetokenizeOutcome): void {
  const { terminal } = context;
  const all: readonly ManifestColumn[] = manifest?.columns ?? [];
  const lasting = all.filter((column) => column.method !== 'keep' && !isReversible(column));
  const dropped = manifest?.dropped ?? [];
  // Without a manifest all columns were looked at; those without tokens are of no interest.
  const shown = columns.filter(({ revealed, unknown }) => manifest !== undefined || revealed + unknown > 0);
  const anyUnknown = columns.some(({ unknown }) => unknown > 0);
  const notes = [
    ...lasting.map(({ name, method }) =>
      method === 'date-shift'
        ? `column ${name} was shifted by an entity that cannot be had back; it stays as it is`
        : `column ${name} was made by ${method}, which cannot be reversed; it stays as it is`,
    ),
    ...dropped.map((name) => `column ${name} was dropped and cannot be brought back`),
  ];
  for (const note of notes) terminal.info(note);
  if (shown.length === 0) terminal.warn('no token was found; the output equals the input');
  terminal.result(
    [
      ...(shown.length === 0
        ? []
        : [
            {
              columns: ['column', 'values put back', ...(anyUnknown ? ['unknown tokens'] : [])],
              rows: shown.map(({ name, revealed, unknown }) => [name, revealed, ...(anyUnknown ? [unknown] : [])]),
            },
            '',
          ]),
      formatCount(rows, 'row'),
      ...(outputPath === '-' ? [] : ['', `output  ${pathForPeople(context, outputPath)}`]),
    ],
    {
      rows,
      columns: shown.map(({ name, revealed, unknown }) => ({ name, revealed, unknown })),
      not_reversible: [
        ...lasting.map(({ name, method }) => ({ name, method })),
        ...dropped.map((name) => ({ name, method: 'drop' })),
      ],
      output: outputPath,
    },
  );
}
