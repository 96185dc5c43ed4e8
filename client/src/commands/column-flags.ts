import type { Command } from 'commander';
import { collect } from './csv-flags.ts';

/** Values of {@link addColumnFlags}. */
export interface ColumnCommandFlags {
  readonly column?: readonly string[];
  readonly method?: readonly string[];
  readonly nullMarker?: readonly string[];
  readonly region?: string;
}

/** Options that say what is done to which column, in place of a configuration. */
export function addColumnFlags(command: Command): Command {
  return command
    .option('--column <name>', 'column to tokenize; may be given several times', collect)
    .option(
      '--method <column=method>',
      'column to treat otherwise, with options behind commas: pan=mask,keep_last=4; may be given several times',
      collect,
    )
    .option(
      '--null-marker <text>',
      'cells that stay as they are, beside the empty ones; may be given several times',
      collect,
    )
    .option('--region <country>', 'two-letter code of the country that phone numbers and ids are from');
}
