import { PassThrough, Readable, Writable } from 'node:stream';
import { runProgram } from '../../src/program.ts';
import { testStateFolder } from './run-command.ts';

export interface ProgramRun {
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** The object on stdout, for runs with --json. */
  json(): Record<string, unknown>;
}

export interface ProgramOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Buffer;
  readonly signal?: AbortSignal;
}

/** Runs `sdp` in this process, from its arguments to its exit status. */
export async function runSdp(
  args: readonly string[],
  { cwd, env = {}, stdin = '', signal = new AbortController().signal }: ProgramOptions,
): Promise<ProgramRun> {
  const stdout = collecting();
  const stderr = collecting();
  const status = await runProgram(args, {
    env: { SDP_STATE_DIR: testStateFolder, ...env },
    cwd,
    signal,
    stdin: Readable.from([Buffer.from(stdin)]).pipe(new PassThrough()),
    stdout: stdout.stream,
    stderr: stderr.stream,
  });
  return {
    status,
    stdout: stdout.bytes(),
    stderr: stderr.bytes().toString('utf8'),
    json: () => JSON.parse(stdout.bytes().toString('utf8')) as Record<string, unknown>,
  };
}

function collecting() {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, bytes: () => Buffer.concat(chunks) };
}
