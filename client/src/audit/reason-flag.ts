import type { Command } from 'commander';
import { bulkRevealLimit } from './reveal-request.ts';

/** Gives a command that reveals values the flag that says why. */
export function addReasonFlag(command: Command): Command {
  return command.option(
    '--reason <text>',
    `why the values are revealed, for the audit log; needed for more than ${bulkRevealLimit.toLocaleString('en-US')} values`,
  );
}
