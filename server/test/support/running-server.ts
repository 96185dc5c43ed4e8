import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateMasterKeyText } from '@sdp/shared/crypto';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { type ApiKeyStore, createApiKeyStore } from '../../src/http/index.ts';
import { createLogger } from '../../src/observability/index.ts';
import { type Api, startApi } from '../../src/processes/build-api.ts';
import { startWorker, type Worker } from '../../src/processes/build-worker.ts';
import { openPlatform, type Platform } from '../../src/processes/platform.ts';
import type { WorkerRole } from '../../src/processes/processing-types.ts';
import { loadSettings } from '../../src/settings/index.ts';

export const bootstrapApiKey = 'bootstrap-key-0123456789-0123456789';

export interface RunningServer {
  readonly url: string;
  readonly routes: Api['routes'];
  readonly platform: Platform;
  readonly keys: ApiKeyStore;
  /** Every log line so far. */
  readonly log: string[];
  readonly database: TestDatabase;
  fetch(path: string, init?: RequestInit & { duplex?: 'half' }): Promise<Response>;
  stop(): Promise<void>;
}

/** The real API, and workers where roles are named, on a fresh database; client `acme` holds the bootstrap key. */
export async function startServer(
  options: { readonly environment?: Readonly<Record<string, string>>; readonly roles?: readonly WorkerRole[] } = {},
): Promise<RunningServer> {
  const database = await startTestDatabase();
  // Heads of the audit ledger are anchored there: those of another database would not fit.
  const dataDir = mkdtempSync(join(tmpdir(), 'sdp-test-server-'));
  const { settings } = loadSettings({
    SDP_DATA_DIR: dataDir,
    DB_DSN: database.dsn,
    SDP_CRYPTO_KEY: generateMasterKeyText(),
    SDP_API_KEY: bootstrapApiKey,
    SDP_CLIENT_ID: 'acme',
    SDP_PORT: '0',
    SDP_ENV: 'dev',
    SDP_RATE_LIMIT_PER_MINUTE: '100000',
    ...options.environment,
  });
  const log: string[] = [];
  const logger = createLogger({ level: 'debug', destination: { write: (line: string) => void log.push(line) } });
  const platform = await openPlatform(settings, logger, 'own');
  const worker: Worker | undefined = options.roles && (await startWorker(platform, options.roles));
  const api: Api = await startApi(platform, worker?.runner);
  return {
    url: api.url,
    routes: api.routes,
    platform,
    keys: createApiKeyStore(platform.pool, platform.serverKey),
    log,
    database,
    fetch: (path, init = {}) =>
      fetch(`${api.url}${path}`, { ...init, headers: { 'X-API-Key': bootstrapApiKey, ...(init.headers as object) } }),
    stop: async () => {
      await Promise.all([api.close(5_000), worker?.close(5_000)]);
      await platform.close();
      await database.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Rows of every table that an upload writes to. */
export async function storedRows({ platform }: RunningServer): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of ['processing_batch', 'tokenized_record', 'processed_result', 'upload_key', 'outbox', 'bus_log']) {
    const { rows } = await platform.pool.query(`SELECT count(*)::int AS n FROM ${table}`);
    counts[table] = rows[0].n;
  }
  return counts;
}

export const csvHeaders = { 'Content-Type': 'text/csv', 'X-SDP-Processing-Type': 'anomaly_detection' };

export async function untilFinal(server: RunningServer, batchId: string, key = bootstrapApiKey): Promise<string> {
  for (let attempt = 0; attempt < 400; attempt++) {
    const response = await server.fetch(`/api/v1/batches/${batchId}`, { headers: { 'X-API-Key': key } });
    const { status } = (await response.json()) as { status: string };
    if (status === 'PROCESSED' || status === 'FAILED') return status;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('the batch was not finished');
}
