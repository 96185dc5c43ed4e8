import { type EventType, eventTypes } from '@sdp/shared/contracts';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type TextMode, textModes } from '../events/index.ts';
import { addServerOptions, type ServerOptions } from './server-connection.ts';
import { addSpoolFlags, type SpoolFlags } from './spool-flags.ts';

/** Values of {@link addEventFlags}. */
export interface EventFlags extends ServerOptions, SpoolFlags {
  readonly type?: EventType;
  readonly config?: string;
  readonly vault?: string;
  readonly text: TextMode;
  readonly region?: string;
  readonly utc?: boolean;
  readonly timeout: number;
  /** Fails where there is no spool yet. */
  readonly mustExist?: boolean;
}

/** Options of the commands that read events from a pipe or a file. */
export function addInputFlags(command: Command): Command {
  command
    .addOption(new Option('--type <type>', 'of events that do not say it').choices(eventTypes))
    .option('--utc', 'times without an offset are in UTC');
  addEventFlags(command);
  return command.option(
    '--timeout <seconds>',
    'after the end of the input: leave what the server does not take in that time in the spool',
    secondsOf,
    60,
  );
}

/** Options of every command that sends events. */
export function addEventFlags(command: Command): Command {
  command
    .option('--config <file>', 'what is done to which field, and which fields of the input make an event (YAML)')
    .option('--vault <file>', 'vault file, made if it is not there (default: SDP_VAULT, else token_vault.db)')
    .addOption(
      new Option(
        '--text <mode>',
        'identifiers in messages and attributes: replace them by tokens, or refuse events that hold what the server would refuse',
      )
        .choices(textModes)
        .default('tokenize'),
    )
    .option('--region <country>', 'country in which telephone numbers without a country code are read', regionOf);
  return addSpoolFlags(addServerOptions(command));
}

/** How long to wait for a server that takes nothing, where there is no input. */
export function addDeliveryTimeout(command: Command): Command {
  return command.option(
    '--timeout <seconds>',
    'end when the server takes nothing for so long; what is left stays in the spool',
    secondsOf,
    60,
  );
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds >= 0 && seconds <= 604_800)) {
    throw new InvalidArgumentError('It must be a number of seconds from 0 to 604800.');
  }
  return seconds;
}

function regionOf(text: string): string {
  if (!/^[A-Za-z]{2}$/.test(text)) throw new InvalidArgumentError('It must be two letters, such as DE.');
  return text.toUpperCase();
}
