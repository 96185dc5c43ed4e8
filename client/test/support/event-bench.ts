import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { generateMasterKeyText } from '@sdp/shared/crypto';
import { EventServer, type EventServerOptions } from './event-server.ts';
import { temporaryFolder } from './run-command.ts';
import { type ProgramRun, runSdp } from './run-program.ts';

/** A folder, a key and a server to send events to. */
export interface EventBench {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly server: EventServer;
  /** Runs `sdp` against the server. */
  run(
    args: readonly string[],
    options?: { readonly stdin?: string; readonly signal?: AbortSignal },
  ): Promise<ProgramRun>;
  /** All bytes that the spool has on the disk, by file. */
  spoolFiles(): readonly { readonly name: string; readonly bytes: Buffer }[];
  close(): Promise<void>;
}

export async function eventBench(options: EventServerOptions = {}): Promise<EventBench> {
  const folder = temporaryFolder();
  const server = await EventServer.start(options);
  const env = {
    SDP_CRYPTO_KEY: generateMasterKeyText(),
    SDP_API_KEY: EventServer.apiKey,
    SDP_SERVER_URL: server.url,
  };
  const spool = join(folder.path, 'event_spool');
  return {
    folder: folder.path,
    env,
    server,
    run: (args, { stdin, signal } = {}) =>
      runSdp(args, { cwd: folder.path, env, ...(stdin === undefined ? {} : { stdin }), ...(signal && { signal }) }),
    spoolFiles: () =>
      (existsSync(spool) ? readdirSync(spool) : []).map((name) => ({ name, bytes: readFileSync(join(spool, name)) })),
    close: async () => {
      await server.close();
      folder.remove();
    },
  };
}

/** A port that is free at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until something holds. @throws once it has not for so long */
export async function until(holds: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('it did not come to be in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
