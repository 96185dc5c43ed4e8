import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

/** `store-values.ts` in a process of its own. */
export interface StoringChild {
  readonly process: ChildProcess;
  /** Number of values that it said are flushed. */
  flushed(): number;
  /** Resolves when its first values are flushed, or it has ended. */
  readonly started: Promise<void>;
  /** Resolves when it has ended and all that it printed was read. */
  readonly ended: Promise<{ readonly status: number | null; readonly stderr: string }>;
}

export interface StoringChildOptions {
  readonly path: string;
  readonly keyText: string;
  readonly label: string;
  readonly from?: number;
  readonly to?: number;
  /** Largest file that it may write, in KiB: what a full disk is to it. */
  readonly fileLimitKiB?: number;
}

export function startStoring(options: StoringChildOptions): StoringChild {
  const { path, keyText, label, from = 0, to, fileLimitKiB } = options;
  const program = join(import.meta.dirname, 'children', 'store-values.ts');
  const args = [
    '--conditions=sdp-source',
    program,
    path,
    label,
    String(from),
    ...(to === undefined ? [] : [String(to)]),
  ];
  const limited = ['-c', `ulimit -f ${fileLimitKiB}; exec "$@"`, 'bash', process.execPath, ...args];
  const child = spawn(fileLimitKiB ? 'bash' : process.execPath, fileLimitKiB ? limited : args, {
    env: { TEST_KEY: keyText },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let flushed = from;
  let stderr = '';
  let markStarted = (): void => undefined;
  const started = new Promise<void>((resolve) => {
    markStarted = resolve;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    flushed = Number(line);
    markStarted();
  });
  const ended = Promise.all([once(child, 'exit'), once(lines, 'close')]).then(([[status]]) => {
    markStarted();
    return { status: status as number | null, stderr };
  });
  return { process: child, flushed: () => flushed, started, ended };
}
