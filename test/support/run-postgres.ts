import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Port of 127.0.0.1 where test files ask for the run's PostgreSQL; it starts when the first of them does. */
    readonly postgresPort: number;
  }
}

interface Served {
  readonly process: ChildProcess;
  /** How to reach it, as JSON; empty where it did not start. */
  readonly address: string;
}

/** Vitest's global set-up: one PostgreSQL for all test files of a run, each of which makes databases of its own there. */
export default async function provideRunPostgres({ provide }: TestProject): Promise<() => Promise<void>> {
  let served: Promise<Served> | undefined;
  const door = createServer(async (socket) => {
    socket.on('error', () => undefined);
    served ??= serve();
    socket.end((await served).address);
  });
  door.listen(0, '127.0.0.1');
  await once(door, 'listening');
  const address = door.address();
  if (address === null || typeof address === 'string') throw new Error('no port to answer test files on');
  provide('postgresPort', address.port);
  return async () => {
    door.close();
    const child = (await served)?.process;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.stdin?.end();
    await ended;
  };
}

/** In a process of its own: in the runner's, modules are not resolved as they are in the product. */
async function serve(): Promise<Served> {
  const child = spawn(process.execPath, ['--conditions=sdp-source', join(import.meta.dirname, 'serve-postgres.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let address = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    address += piece;
  });
  const said = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
  await Promise.race([said, once(child, 'exit')]);
  return { process: child, address };
}
