import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { SdpError } from '@sdp/shared/errors';
import type { Command } from 'commander';
import type { CommandContext, Environment } from '../../src/commands/context.ts';
import { StreamTerminal } from '../../src/terminal/index.ts';

export interface CommandRun {
  readonly error: SdpError | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** The object on stdout, for runs with --json. */
  readonly json: Record<string, unknown>;
}

export interface RunOptions {
  readonly env?: Environment;
  readonly cwd?: string;
  readonly stdin?: string | Buffer;
  readonly signal?: AbortSignal;
}

/** Runs a command in this process as the program would, and prints a failure as the program does. */
export async function runCommand(
  make: (context: CommandContext) => Command,
  argv: readonly string[],
  { env = {}, cwd = tmpdir(), stdin = '', signal = new AbortController().signal }: RunOptions = {},
): Promise<CommandRun> {
  const stdout = collect();
  const stderr = collect();
  const terminal = new StreamTerminal({ stdout: stdout.stream, stderr: stderr.stream });
  terminal.configure({ json: argv.includes('--json'), quiet: argv.includes('--quiet') });
  const input = Readable.from([Buffer.from(stdin)]).pipe(new PassThrough());
  const command = make({
    env: { SDP_STATE_DIR: testStateFolder, ...env },
    terminal,
    signal,
    cwd,
    stdin: input,
    stdout: stdout.stream,
  }).exitOverride();
  let error: SdpError | undefined;
  try {
    await command.parseAsync(argv, { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof SdpError)) throw thrown;
    error = thrown;
    terminal.error(thrown);
  }
  const text = stdout.text();
  return {
    error,
    stdout: text,
    stderr: stderr.text(),
    get json() {
      return JSON.parse(text) as Record<string, unknown>;
    },
  };
}

function collect() {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
}

/** Stands in for the folder in a home where SDP remembers things, so that no test writes into a real one. */
export const testStateFolder = mkdtempSync(join(tmpdir(), 'sdp-test-state-'));
process.on('exit', () => rmSync(testStateFolder, { recursive: true, force: true }));

/** A folder for one test, removed by `remove`. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'sdp-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
