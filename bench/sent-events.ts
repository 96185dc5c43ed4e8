import { promisify } from 'node:util';
import { zstdCompress } from 'node:zlib';
import type { ServerUnderTest } from './server-under-test.ts';

const compress = promisify(zstdCompress);
export const eventsPerBody = 5_000;
/** Requests under way at a time. */
export const senders = 4;

/** A request's body of so many events, prepared before the clock starts. */
export interface Body {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

export const forms: Readonly<Record<string, (events: readonly object[]) => Promise<Body>>> = {
  JSON: async (events) => body(Buffer.from(JSON.stringify({ events })), { 'Content-Type': 'application/json' }),
  NDJSON: async (events) => body(ndjson(events), { 'Content-Type': 'application/x-ndjson' }),
  'NDJSON, zstd': async (events) =>
    body(await compress(ndjson(events)), { 'Content-Type': 'application/x-ndjson', 'Content-Encoding': 'zstd' }),
};

export async function sendAll(server: ServerUnderTest, bodies: readonly Body[]): Promise<void> {
  const rest = bodies.values();
  await Promise.all(
    Array.from({ length: senders }, async () => {
      for (const each of rest) await send(server, each);
    }),
  );
}

async function send({ url, apiKey }: ServerUnderTest, { bytes, headers }: Body): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/api/v1/events`, {
      method: 'POST',
      headers: { ...headers, 'X-API-Key': apiKey },
      body: bytes,
    });
    const answer = (await response.json()) as { code?: string };
    if (response.status === 200) return;
    if (response.status !== 503) throw new Error(`the server answered ${response.status} ${answer.code}`);
  }
}

function body(bytes: Buffer, headers: Body['headers']): Body {
  return { bytes: new Uint8Array(bytes), headers };
}

function ndjson(events: readonly object[]): Buffer {
  return Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
}

/** Logs, samples of metrics and payments in equal parts. */
export function eventsFrom(run: string, first: number): object[] {
  return Array.from({ length: eventsPerBody }, (_, i) => {
    const n = first + i;
    const common = { event_id: `${run}-${n}`, at: new Date().toISOString(), tags: { region: `r${n % 3}` } };
    if (n % 3 === 0) {
      const message = `GET /cart/items/${n % 977} answered 200 in ${n % 391} ms for session s${n % 5_000}`;
      return { ...common, type: 'log', level: 'INFO', source: `service-${n % 6}`, message };
    }
    if (n % 3 === 1) {
      const metrics = { cpu_percent: (n % 7_000) / 100, latency_ms: n % 431, bytes_total: n * 977 };
      return { ...common, type: 'metric', host: `web-${n % 50}`, metrics };
    }
    return { ...common, type: 'transaction', user_id: `tok_${n % 4_000}`, amount: (n % 9_000) / 10, currency: 'EUR' };
  });
}

/** Of the API, as it says itself. */
export async function residentBytes({ url, apiKey }: ServerUnderTest): Promise<number> {
  const text = await (await fetch(`${url}/metrics`, { headers: { 'X-API-Key': apiKey } })).text();
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1]);
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
