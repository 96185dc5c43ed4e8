import { PassThrough } from 'node:stream';
import type { Command } from 'commander';
import { buildProgram } from '../../client/src/program.ts';
import { StreamTerminal } from '../../client/src/terminal/index.ts';
import { createProgram } from '../../server/src/processes/main.ts';

/** The command trees of both programs, to look at; nothing is run. */
export function programs(): { readonly sdp: Command; readonly sdpServer: Command } {
  const sink = new PassThrough();
  const sdp = buildProgram({
    env: {},
    terminal: new StreamTerminal({ stdout: sink, stderr: sink }),
    signal: new AbortController().signal,
    cwd: '/',
    stdin: new PassThrough(),
    stdout: sink,
  });
  return { sdp, sdpServer: createProgram({}) };
}

export interface NamedCommand {
  /** As it is typed: `sdp vault stats`. */
  readonly name: string;
  readonly command: Command;
}

/** The program and everything under it, parents before children. */
export function commandTree(command: Command, parent = ''): NamedCommand[] {
  const name = parent === '' ? command.name() : `${parent} ${command.name()}`;
  return [{ name, command }, ...command.commands.flatMap((child) => commandTree(child, name))];
}

/** What `--help` prints, at a width of its own. */
export function helpText(command: Command, width = 100): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => width,
  });
  command.outputHelp();
  return text.trimEnd();
}
