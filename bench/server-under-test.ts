import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { freePort, type ServerProcess, spawnServer, untilReady } from '../scripts/demo/server-process.ts';
import { applyMigrations, startEmbeddedPostgres } from '../server/src/database/index.ts';

const reporter = pathToFileURL(join(import.meta.dirname, 'children/report-peak-memory.mjs')).href;

export interface ServerUnderTest {
  readonly url: string;
  readonly dsn: string;
  readonly apiKey: string;
  /** Metrics of the worker, where it is a process of its own. */
  readonly workerUrl?: string;
  /** @returns the server's largest resident set, in bytes */
  stop(): Promise<number>;
}

/**
 * The built server on a PostgreSQL of its own with default, durable settings; and on Kafka where brokers are given.
 *
 * @param roles of a worker beside the API, as a process of its own
 * @param more variables of both
 */
export async function startServerUnderTest(
  command: 'serve' | 'api',
  brokers?: string,
  roles: readonly string[] = [],
  more: Readonly<Record<string, string>> = {},
): Promise<ServerUnderTest> {
  // Not under TMPDIR: PostgreSQL may run under another account, which has to get there.
  const folder = mkdtempSync('/tmp/sdp-bench-server-');
  chmodSync(folder, 0o755);
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'data') });
  await applyMigrations(postgres.dsn);
  const port = await freePort();
  const apiKey = randomBytes(32).toString('base64url');
  const peakFile = join(folder, 'peak');
  const environment = {
    PATH: process.env['PATH'],
    DB_DSN: postgres.dsn,
    SDP_DATA_DIR: join(folder, 'server'),
    SDP_PORT: String(port),
    SDP_CRYPTO_KEY: randomBytes(32).toString('base64url'),
    SDP_API_KEY: apiKey,
    SDP_CLIENT_ID: 'bench',
    SDP_RATE_LIMIT_PER_MINUTE: '1000000',
    ...(brokers && { KAFKA_BROKERS: brokers }),
    ...more,
  };
  const server = spawnServer({
    command: [command],
    nodeOptions: ['--import', reporter],
    environment: { ...environment, SDP_BENCH_PEAK_FILE: peakFile },
    logPath: join(folder, 'server.log'),
  });
  const url = `http://127.0.0.1:${port}`;
  const workerUrl = roles.length === 0 ? undefined : `http://127.0.0.1:${await freePort()}`;
  let worker: ServerProcess | undefined;
  const cleanUp = async () => {
    await worker?.stop();
    await server.stop();
    await postgres.stop();
  };
  try {
    await untilReady(url, server, AbortSignal.timeout(60_000));
    if (workerUrl !== undefined) {
      worker = spawnServer({
        command: ['worker', ...roles.flatMap((role) => ['--role', role])],
        environment: { ...environment, PROMETHEUS_PORT: new URL(workerUrl).port },
        logPath: join(folder, 'worker.log'),
      });
      await untilReady(workerUrl, worker, AbortSignal.timeout(60_000));
    }
  } catch (error) {
    await cleanUp();
    throw error;
  }
  return {
    url,
    dsn: postgres.dsn,
    apiKey,
    ...(workerUrl && { workerUrl }),
    stop: async () => {
      await cleanUp();
      const peak = Number(readFileSync(peakFile, 'utf8'));
      rmSync(folder, { recursive: true, force: true });
      return peak;
    },
  };
}

export interface Body {
  readonly bytes: Buffer;
  readonly type: string;
  readonly encoding?: 'gzip' | 'zstd';
}

/** Sends one batch. @returns its id, once the server has stored it */
export async function sendBatch(
  { url, apiKey }: ServerUnderTest,
  body: Body,
  metadata: { processing_type: string; params?: object; index?: object },
): Promise<string> {
  const query = new URLSearchParams({ processing_type: metadata.processing_type });
  if (metadata.params) query.set('params', JSON.stringify(metadata.params));
  if (metadata.index) query.set('index', JSON.stringify(metadata.index));
  const response = await fetch(`${url}/api/v1/process?${query}`, {
    method: 'POST',
    headers: {
      'x-api-key': apiKey,
      'content-type': body.type,
      ...(body.encoding && { 'content-encoding': body.encoding }),
    },
    body: new Uint8Array(body.bytes),
  });
  const answer = (await response.json()) as { batch_id?: string; code?: string };
  if (!answer.batch_id) throw new Error(`the server answered ${response.status} ${answer.code}`);
  return answer.batch_id;
}
