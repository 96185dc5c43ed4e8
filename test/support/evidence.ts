import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import pg from 'pg';
import { createBatchStore } from '../../server/src/batches/index.ts';
import { createPool } from '../../server/src/database/index.ts';
import { openDataKeyRing, readRecords, readResults } from '../../server/src/records/index.ts';
import { parseMasterKey } from '../../shared/src/crypto/index.ts';
import { parseHttpMessages } from './http-messages.ts';
import { imageOf } from './processes.ts';
import type { RecordingProxy } from './recording-proxy.ts';

/** Bytes out of one of the places where a value might have got to. */
export interface Evidence {
  readonly place: string;
  /** Which file, table or message. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** Every file under `folder`, raw. Files that end while they are read (a database is at work) are read as far as they go. */
export function* filesUnder(place: string, folder: string, skip?: (path: string) => boolean): Generator<Evidence> {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || skip?.(path)) continue;
    // A file without blocks on the disk holds nothing but zeros (Kafka reserves its indexes so).
    const status = statSync(path, { throwIfNoEntry: false });
    if (!status || status.blocks === 0) continue;
    const bytes = readWhatIsThere(path);
    if (bytes) yield { place, name: relative(folder, path) || basename(path), bytes };
  }
}

function readWhatIsThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export function textEvidence(place: string, name: string, text: string): Evidence {
  return { place, name, bytes: Buffer.from(text) };
}

/** Every row of every table, of PostgreSQL's own catalogs of activity too, as `pg` gives them. */
export async function* tableEvidence(dsn: string): AsyncGenerator<Evidence> {
  const client = new pg.Client({ connectionString: dsn });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string; short: string }>(
      `SELECT format('%I.%I', table_schema, table_name) AS name, table_name AS short FROM information_schema.tables
        WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
    );
    for (const { name, short } of [...tables, { name: 'pg_stat_activity', short: 'pg_stat_activity' }]) {
      const { rows } = await client.query<Record<string, unknown>>(`SELECT * FROM ${name}`);
      const place = /^(bus_log|outbox)/.exec(short)?.[1] ?? 'tables';
      for (const bytes of rowsAsBytes(rows)) yield { place, name, bytes };
    }
  } finally {
    await client.end();
  }
}

/** Text and binary columns apart: bytes inside JSON would be numbers. */
function* rowsAsBytes(rows: readonly Record<string, unknown>[]): Generator<Buffer> {
  const text = rows.map((row) => JSON.stringify(row, (_key, value) => (isBytes(value) ? undefined : value))).join('\n');
  yield Buffer.from(text);
  const binary = rows.flatMap((row) => Object.values(row).filter((value) => Buffer.isBuffer(value)));
  if (binary.length > 0) yield Buffer.concat(binary);
}

function isBytes(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer';
}

/** Records and results of every batch, opened with the server's key as a worker opens them. */
export async function* openedEvidence(dsn: string, serverKey: string): AsyncGenerator<Evidence> {
  const pool = createPool({ dsn, applicationName: 'leak-test' });
  try {
    const keyRing = await openDataKeyRing(pool, parseMasterKey(serverKey));
    const store = createBatchStore(pool, keyRing);
    const { rows } = await pool.query<{ batch_id: string }>('SELECT batch_id FROM processing_batch');
    for (const { batch_id: name } of rows) {
      const batch = await store.load(name);
      if (!batch) continue;
      const scope = await store.scopeOf(batch);
      for await (const chunk of readRecords(pool, scope, batch.recordCount)) {
        yield textEvidence('records', name, JSON.stringify(chunk));
      }
      if (batch.status !== 'PROCESSED') continue;
      for await (const chunk of readResults(pool, scope, batch.recordCount)) {
        yield textEvidence('results', name, JSON.stringify(chunk));
      }
    }
  } finally {
    await pool.end();
  }
}

/** What went over the wire: raw, and each message with its body put together. The API key's own header is left out. */
export function* httpEvidence(proxy: RecordingProxy): Generator<Evidence> {
  for (const [at, { toServer, toClient }] of proxy.recorded().entries()) {
    for (const [place, bytes] of [
      ['http requests', toServer],
      ['http responses', toClient],
    ] as const) {
      yield { place, name: `connection ${at}, raw`, bytes: withoutApiKeyHeader(bytes) };
      for (const { startLine, body } of parseHttpMessages(bytes))
        yield { place, name: `body of ${startLine}`, bytes: body };
    }
  }
}

const apiKeyHeader = /^x-api-key: [^\r\n]*/gim;

function withoutApiKeyHeader(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(apiKeyHeader, 'x-api-key:'), 'latin1');
}

export function* processEvidence(pids: readonly number[]): Generator<Evidence> {
  for (const pid of pids) {
    const image = imageOf(pid);
    if (!image) continue;
    yield { place: 'argv', name: String(pid), bytes: image.argv };
    yield { place: 'environ', name: String(pid), bytes: image.environ };
  }
}
