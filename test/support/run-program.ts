import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface ProgramRun {
  /** Null after a signal that the program did not handle. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** As it was written: CSV output is compared byte for byte. */
  readonly stdoutBytes: Buffer;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly stdin?: Uint8Array;
  /** Leaves stdin open after {@link stdin}: the program waits for more. */
  readonly keepStdinOpen?: boolean;
  readonly timeoutMs?: number;
  /** Called with the running process, e.g. to send it a signal. */
  readonly onStart?: (child: ChildProcess) => void;
}

/** Runs a program to its end with only the given environment (and PATH). */
export async function runProgram(
  command: string,
  args: readonly string[],
  { environment = {}, cwd, stdin, keepStdinOpen = false, timeoutMs = 60_000, onStart }: RunOptions = {},
): Promise<ProgramRun> {
  const child = spawn(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => stderr.push(bytes));
  // A program that refuses its input at once closes the pipe.
  child.stdin.on('error', () => undefined);
  if (stdin) child.stdin.write(stdin);
  if (!keepStdinOpen) child.stdin.end();
  onStart?.(child);
  const [status] = (await once(child, 'close')) as [number | null];
  const stdoutBytes = Buffer.concat(stdout);
  return { status, stdout: stdoutBytes.toString(), stderr: Buffer.concat(stderr).toString(), stdoutBytes };
}
