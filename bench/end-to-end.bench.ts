import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestKafka } from '../test/support/kafka.ts';
import { markdownTable, median, megabytes, perSecond, seconds } from './measure.ts';
import { type Body, type ServerUnderTest, sendBatch, startServerUnderTest } from './server-under-test.ts';

const root = join(import.meta.dirname, '..');
const kinds = [
  { processing_type: 'risk_scoring' },
  { processing_type: 'anonymization', params: { quasi_identifiers: ['AGE', 'city', 'EDUCATION'], k: 5 } },
  { processing_type: 'anomaly_detection' },
] as const;

/** From the answer that a batch is RECEIVED until it is seen PROCESSED, on both buses. */
export async function benchEndToEnd(options: { rows: number; runs: number }): Promise<string> {
  const body = customers(options.rows);
  const rows: string[][] = [];
  const notes: string[] = [];
  for (const bus of ['embedded', 'kafka'] as const) {
    const kafka = bus === 'kafka' ? await startTestKafka() : undefined;
    if (kafka && 'skipped' in kafka) {
      notes.push(`Kafka was left out: ${kafka.skipped}`);
      continue;
    }
    const server = await startServerUnderTest('serve', kafka?.brokers.join(','));
    try {
      for (const kind of kinds) {
        const times: number[] = [];
        for (let run = 0; run < options.runs; run++) times.push(await untilProcessed(server, body, kind));
        const wall = median(times);
        rows.push([
          bus,
          kind.processing_type,
          options.rows.toLocaleString('en-US'),
          seconds(wall),
          perSecond(options.rows, wall),
        ]);
      }
    } finally {
      notes.push(`Peak memory of the server (API and workers, ${bus} bus): ${megabytes(await server.stop())}.`);
      await kafka?.stop();
    }
  }
  return `${markdownTable(['bus', 'processing', 'records', 'RECEIVED → PROCESSED', 'records/s'], rows)}\n\n${notes.join('\n')}`;
}

async function untilProcessed(server: ServerUnderTest, body: Body, kind: (typeof kinds)[number]): Promise<number> {
  const batchId = await sendBatch(server, body, kind);
  const started = performance.now();
  for (;;) {
    const response = await fetch(`${server.url}/api/v1/batches/${batchId}`, {
      headers: { 'x-api-key': server.apiKey },
    });
    const { status } = (await response.json()) as { status: string };
    if (status === 'PROCESSED') return performance.now() - started;
    if (status === 'FAILED') throw new Error('the batch failed');
    await sleep(20);
  }
}

/** Made-up customers, tokenized by the sample configuration. */
function customers(rows: number): Body {
  const folder = mkdtempSync(join(tmpdir(), 'sdp-bench-customers-'));
  try {
    const raw = join(folder, 'raw.csv');
    const tokenized = join(folder, 'tokenized.csv');
    const quiet = { stdio: ['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit'] };
    execFileSync(
      process.execPath,
      [join(root, 'scripts/generate-customers.ts'), '--rows', String(rows), '--out', raw],
      quiet,
    );
    execFileSync(
      process.execPath,
      [
        join(root, 'client/bin/sdp.js'),
        ...['tokenize-config', '--quiet', '--config', join(root, 'configs/customers_tokenization.yml')],
        ...['--input', raw, '--output', tokenized, '--vault', join(folder, 'vault.db')],
      ],
      // Made for benches; protects nothing.
      { ...quiet, env: { ...process.env, SDP_CRYPTO_KEY: 'YmVuY2gta2V5LWJlbmNoLWtleS1iZW5jaC1rZXktMDE' } },
    );
    return { bytes: readFileSync(tokenized), type: 'text/csv' };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
