import { type Command, InvalidArgumentError, Option } from 'commander';
import { type CsvEncoding, type CsvOptions, csvEncodings } from '../csv/index.ts';

/** Values of {@link addCsvFlags}. */
export interface CsvFlags {
  readonly delimiter?: string;
  readonly encoding?: CsvEncoding;
  readonly lenient?: boolean;
}

/** Options that say how the input is written down. */
export function addCsvFlags(command: Command): Command {
  return command
    .option('--delimiter <char>', 'what separates the cells: one character, or "tab" (default: found out)', delimiterOf)
    .addOption(
      new Option('--encoding <name>', 'encoding of the input (default: by its byte order mark, else utf-8)').choices(
        csvEncodings,
      ),
    )
    .option('--lenient', 'take rows with missing cells, and cells with blanks before a quote');
}

/** Options of the CSV engine from the flags. */
export function csvOptionsOf({ delimiter, encoding, lenient }: CsvFlags): CsvOptions {
  return {
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(encoding === undefined ? {} : { encoding }),
    ...(lenient === undefined ? {} : { lenient }),
  };
}

/** For options that may be given several times. */
export function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value];
}

function delimiterOf(text: string): string {
  const delimiter = text === 'tab' || text === '\\t' ? '\t' : text;
  if (!/^[\t\x20\x21\x23-\x7e]$/.test(delimiter)) {
    throw new InvalidArgumentError('It must be one ASCII character, and no quote or line end.');
  }
  return delimiter;
}
