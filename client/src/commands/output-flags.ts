import type { Command } from 'commander';

/** The flags that every command has. `program.ts` hands them to the terminal before the command runs. */
export function addOutputFlags(command: Command): Command {
  return command
    .option('--json', 'print the result as one JSON object')
    .option('--quiet', 'print nothing but errors and warnings');
}
