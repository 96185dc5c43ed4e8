// Works out the features of the Fraud Detection Handbook's transactions with the windows that serve decisions, and writes
// them for server/models/fraud/train.py:
//   node --conditions=sdp-source scripts/fraud/write-features.ts TRANSACTIONS.csv.gz FOLDER
// features.f32 holds the vectors (float32, little-endian, row by row), rows.csv what is known of each row beside them.
import { createReadStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import {
  CustomerWindows,
  type FeatureEvent,
  featureSet,
  features,
  TerminalWindows,
  toVector,
} from '../../server/src/transactions/features/index.ts';

/** Days until a fraud is known, as in the handbook. */
const labelDelayMs = 7 * 86_400_000;
const currency = 'EUR';

const [file, folder] = process.argv.slice(2);
if (!file || !folder) throw new Error('give the file of transactions and a folder');
mkdirSync(folder, { recursive: true });

interface Row {
  readonly event: FeatureEvent;
  readonly occurredAt: string;
  readonly line: string;
  readonly isFraud: boolean;
}

async function readRows(path: string): Promise<Row[]> {
  const rows: Row[] = [];
  let isHeader = true;
  for await (const line of createInterface({ input: createReadStream(path).pipe(createGunzip()) })) {
    if (isHeader) {
      isHeader = false;
      continue;
    }
    const [id, time, customer, terminal, amount, , day, fraud, scenario] = line.split(',') as [string, ...string[]];
    const occurredAt = `${time?.replace(' ', 'T')}Z`;
    const event = {
      tenant: 'handbook',
      transactionId: id,
      occurredMs: Date.parse(occurredAt),
      amount: Number(amount),
      currency,
      customer: `customer-${customer}`,
      terminal: `terminal-${terminal}`,
    };
    rows.push({ event, occurredAt, line: [id, day, customer, fraud, scenario].join(','), isFraud: fraud === '1' });
  }
  return rows.sort((a, b) => a.event.occurredMs - b.event.occurredMs);
}

const rows = await readRows(file);
const customers = new CustomerWindows();
const terminals = new TerminalWindows();
const width = featureSet.names.length;
const matrix = new Float32Array(rows.length * width);
let nextOutcome = 0;
const startedAt = performance.now();
for (const [index, { event, occurredAt }] of rows.entries()) {
  // What is known by now of what happened a delay ago.
  for (let row = rows[nextOutcome] as Row; row.event.occurredMs + labelDelayMs <= event.occurredMs; ) {
    if (row.isFraud) terminals.outcome({ ...row.event, knownMs: row.event.occurredMs + labelDelayMs, fraud: true });
    nextOutcome += 1;
    row = rows[nextOutcome] as Row;
  }
  const values = { ...customers.add(event).features, ...terminals.add(event).features };
  matrix.set(toVector(values, { amount: event.amount, occurred_at: occurredAt }), index * width);
}
const units = Object.fromEntries(features.map(({ name, unit }) => [name, unit]));
const seconds = (performance.now() - startedAt) / 1_000;
writeFileSync(join(folder, 'features.f32'), new Uint8Array(matrix.buffer));
writeFileSync(join(folder, 'rows.csv'), `id,day,customer,fraud,scenario\n${rows.map(({ line }) => line).join('\n')}\n`);
writeFileSync(join(folder, 'feature-set.json'), JSON.stringify({ ...featureSet, units, rows: rows.length }));
const perEvent = customers.snapshot().length / rows.length;
console.log(
  `${rows.length} rows of ${width} features (${featureSet.id}) in ${seconds.toFixed(1)} s, ${Math.round(rows.length / seconds)}/s; ` +
    `customers' windows take ${perEvent.toFixed(1)} bytes a transaction in a snapshot`,
);
