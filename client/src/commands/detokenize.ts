import { Command } from 'commander';
import { type DetokenizeOutcome, detokenizeFile } from '../pipeline/index.ts';
import { formatNumber } from '../terminal/index.ts';
import { type CommandContext, pathForPeople, vaultPathFrom } from './context.ts';
import { addCsvFlags, type CsvFlags, collect, csvOptionsOf } from './csv-flags.ts';
import { addOutputFlags } from './output-flags.ts';

interface DetokenizeFlags extends CsvFlags {
  readonly input: string;
  readonly output: string;
  readonly column?: readonly string[];
  readonly vault?: string;
  readonly manifest?: string;
  readonly keepUnknown?: boolean;
}

/** `sdp detokenize`: puts the original values back. */
export function detokenizeCommand(context: CommandContext): Command {
  const command = new Command('detokenize')
    .summary('put the original values back')
    .description(
      'Replaces tokens by the values that the vault keeps for them. Where a manifest lies beside the input, its token columns are reversed, byte for byte; else every cell that is a token, in the named columns or in all. The output holds personal data again: a new file can be read by its owner only.',
    )
    .requiredOption('--input <file>', 'tokenized CSV file; - for stdin')
    .requiredOption('--output <file>', 'file to write, replaced if it is there; - for stdout')
    .option('--column <name>', 'column to look for tokens in, in place of the manifest; may be repeated', collect)
    .option('--vault <file>', 'vault file (default: SDP_VAULT, else token_vault.db)')
    .option('--manifest <file>', 'manifest of the input (default: the input with .manifest.json, if it is there)')
    .option('--keep-unknown', 'leave tokens that the vault does not know as they are, rather than fail');
  return addOutputFlags(addCsvFlags(command))
    .addHelpText(
      'after',
      `
Columns that were hashed, redacted, masked or dropped cannot be reversed; they stay as they are.

Example:
  $ sdp detokenize --input customers_tok.csv --output customers_again.csv
`,
    )
    .action(async (flags: DetokenizeFlags) => {
      const outcome = await detokenizeFile(context, {
        input: flags.input,
        output: flags.output,
        vaultPath: vaultPathFrom(context, flags.vault),
        keepUnknown: flags.keepUnknown ?? false,
        csv: csvOptionsOf(flags),
        ...(flags.column === undefined ? {} : { columns: flags.column }),
        ...(flags.manifest === undefined ? {} : { manifest: flags.manifest }),
      });
      report(context, outcome);
    });
}

function report(context: CommandContext, { outputPath, rows, columns, manifest }: DetokenizeOutcome): void {
  const { terminal } = context;
  const lasting = manifest?.columns.filter(({ method }) => method !== 'token' && method !== 'keep') ?? [];
  const dropped = manifest?.dropped ?? [];
  // Without a manifest all columns were looked at; those without tokens are of no interest.
  const shown = columns.filter(({ revealed, unknown }) => manifest !== undefined || revealed + unknown > 0);
  const anyUnknown = columns.some(({ unknown }) => unknown > 0);
  const notes = [
    ...lasting.map(
      ({ name, method }) => `column ${name} was made by ${method}, which cannot be reversed; it stays as it is`,
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
      `${formatNumber(rows)} rows`,
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
