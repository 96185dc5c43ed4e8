import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const program = join(import.meta.dirname, '../../server/bin/sdp-server.js');

export interface ServerProcess {
  readonly pid: number;
  /** Asks it to stop, and ends it by force after 20 s. @returns its exit status, null after a signal */
  stop(): Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves once it has ended, however. */
  readonly ended: Promise<number | null>;
}

export interface ServerOptions {
  /** Of the built `sdp-server`, and its options. */
  readonly command: readonly string[];
  /** All that it gets. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Its stdout and stderr are added here. */
  readonly logPath: string;
  /** Options of Node itself. */
  readonly nodeOptions?: readonly string[];
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** Starts the built server, or one of its workers, and returns at once. */
export function spawnServer({ command, environment, logPath, nodeOptions = [] }: ServerOptions): ServerProcess {
  const log = openSync(logPath, 'a', 0o600);
  const child = spawn(process.execPath, [...nodeOptions, program, ...command], {
    env: { ...environment },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return {
    pid: child.pid ?? 0,
    ended,
    kill: (signal) => child.kill(signal),
    stop: () => stop(child, ended),
  };
}

/** Waits until every dependency of the server at `url` answers. */
export async function untilReady(url: string, server: ServerProcess, signal: AbortSignal): Promise<void> {
  let end: number | null | undefined;
  void server.ended.then((code) => {
    end = code;
  });
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    signal.throwIfAborted();
    if (end !== undefined) throw new Error(`the server ended with status ${end}`);
    const ready = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return;
    await sleep(150, undefined, { signal });
  }
  throw new Error('the server was not ready within a minute');
}

async function stop(child: ChildProcess, ended: Promise<number | null>): Promise<number | null> {
  child.kill('SIGTERM');
  const forced = setTimeout(() => child.kill('SIGKILL'), 20_000);
  const code = await ended;
  clearTimeout(forced);
  return code;
}
