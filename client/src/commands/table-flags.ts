import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Compression, compressions } from '../compression/index.ts';
import { type TableFormat, tableFormats } from '../tables/index.ts';

/** Values of {@link addTableFlags}. */
export interface TableFlags {
  readonly format?: TableFormat;
  readonly compression?: Compression;
}

/** Options that say in which format a table comes, and how what is written is compressed. */
export function addTableFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--format <name>', 'format of the input (default: by its first bytes and its name, else csv)').choices(
        tableFormats,
      ),
    )
    .addOption(
      new Option(
        '--compression <name>',
        'how the output is compressed (default: by its name: .gz, .zst); the input’s is found out',
      ).choices(compressions),
    );
}

/** Values of {@link addRunFlags}. */
export interface RunFlags {
  readonly sheet?: string;
  readonly resume?: boolean;
  readonly checkpointMib?: number;
  readonly dryRun?: boolean;
  readonly keepGoing?: boolean;
}

/** Options of the commands that tokenize. */
export function addRunFlags(command: Command): Command {
  return command
    .option('--sheet <name>', 'sheet of a workbook (default: its first)')
    .option('--dry-run', 'do all but write: no output, no manifest, no vault')
    .option('--resume', 'go on where a run that was killed had got to; of a folder, skip the files that are done')
    .option(
      '--checkpoint-mib <number>',
      'MiB of output between two places to go on from; 0 for none (default: 64)',
      mibOf,
    )
    .option('--keep-going', 'of a folder: go on with the other files when one fails');
}

/** What both kinds of flags say to whoever reads and writes the files. */
export function tableRequestOf({ format, compression, sheet, resume, checkpointMib }: TableFlags & RunFlags) {
  return {
    ...(format === undefined ? {} : { format }),
    ...(compression === undefined ? {} : { compression }),
    ...(sheet === undefined ? {} : { sheet }),
    ...(resume === undefined ? {} : { resume }),
    ...(checkpointMib === undefined ? {} : { checkpointBytes: Math.round(checkpointMib * 1024 * 1024) }),
  };
}

function mibOf(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1_000_000)) {
    throw new InvalidArgumentError('It must be a number from 0 to 1000000.');
  }
  return value;
}
