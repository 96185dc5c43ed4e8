import { InterruptedError } from '@sdp/shared/errors';
import { runProgram } from './program.ts';
import { promptSecret } from './terminal/index.ts';

// A diagnostic report, where somebody has Node write one, holds the environment, and with it keys.
if (process.report !== undefined) process.report.excludeEnv = true;

const interruption = new AbortController();
// Ctrl-C reaches every process at the terminal, and whoever started this one (npx, the launcher in bin) passes it on:
// signals so close together are one.
const oneKeyMs = 500;
let interruptedAt = 0;
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // The first signal has the command clean up and end; who sends a second one doesn't want to wait for that.
    if (interruption.signal.aborted && performance.now() - interruptedAt > oneKeyMs) process.exit(130);
    if (interruption.signal.aborted) return;
    interruptedAt = performance.now();
    interruption.abort(new InterruptedError('interrupted'));
  });
}
for (const stream of [process.stdout, process.stderr]) {
  // A reader that has gone away is noticed by whoever writes data; for remarks it is no reason to fail.
  stream.on('error', () => undefined);
}

// Only somebody at a terminal can be asked, and only where stdin isn't the command's data.
const { stdin: keyboard, stderr: screen } = process;
const prompt =
  keyboard.isTTY && screen.isTTY
    ? (question: string) => promptSecret(question, { keyboard, screen, signal: interruption.signal })
    : undefined;

const status = await runProgram(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  signal: interruption.signal,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  ...(prompt === undefined ? {} : { prompt }),
});
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise<void>((resolve) => stream.write('', () => resolve()))),
);
// An idle stdin or a kept-alive connection is no reason to stay.
process.exit(status);
