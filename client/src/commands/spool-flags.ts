import { type Command, InvalidArgumentError } from 'commander';
import { type CommandContext, pathFrom } from './context.ts';

/** Values of {@link addSpoolFlags}. */
export interface SpoolFlags {
  readonly spool?: string;
  readonly spoolMax: number;
}

const defaultSpoolMiB = 1_024;

export function addSpoolFolder(command: Command): Command {
  return command.option(
    '--spool <folder>',
    'where events wait until the server has them (default: SDP_SPOOL, else event_spool)',
  );
}

export function addSpoolFlags(command: Command): Command {
  return addSpoolFolder(command).option(
    '--spool-max <mib>',
    'MiB that may wait there; then nothing more is read until some are delivered',
    mibOf,
    defaultSpoolMiB,
  );
}

/** Where the spool is: `--spool`, else SDP_SPOOL, else `event_spool` in the current folder. */
export function spoolPathFrom(context: CommandContext, option: string | undefined): string {
  const { SDP_SPOOL: fromEnvironment } = context.env;
  return pathFrom(context, option ?? (fromEnvironment || 'event_spool'));
}

export function spoolBytes({ spoolMax }: SpoolFlags): number {
  return Math.round(spoolMax * 1024 * 1024);
}

function mibOf(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 1 && value <= 1_048_576)) {
    throw new InvalidArgumentError('It must be a number from 1 to 1048576.');
  }
  return value;
}
