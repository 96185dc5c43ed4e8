import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Product, type ProductServer } from '../support/product.ts';

const root = join(import.meta.dirname, '../..');
const sample = readFileSync(join(root, 'data-samples/customers_raw.csv'));
const config = join(root, 'configs/customers_tokenization.yml');

type Row = Record<string, string>;
interface RawRecord {
  readonly record: Row;
  /** The record's own bytes, without its line end. */
  readonly raw: string;
}

interface Reason {
  readonly column: string;
  readonly share: number;
  readonly direction: string;
  readonly position: number;
}

/** As the guide says: share, direction, and how many records are lower or have the same. */
function reasonText({ column, share, direction, position }: Reason): string {
  const percent = `${Number((position * 100).toFixed(2))} %`;
  return `${column} ${share} (${direction}: ${percent} ${direction === 'rare' ? 'have it' : 'are lower'})`;
}

function recordsOf(csv: Buffer): RawRecord[] {
  const options = { columns: true, bom: true, raw: true } as const;
  const records = parse(csv, options) as unknown as { record: Row; raw: string }[];
  return records.map(({ record, raw }) => ({ record, raw: raw.replace(/\r?\n$/, '') }));
}

describe('the four steps of the README on the sample file', () => {
  const product = Product.create();
  let server: ProductServer;
  const raw = recordsOf(sample);
  const batches: Record<string, string> = {};

  beforeAll(async () => {
    product.write('customers_raw.csv', sample);
    server = await product.startServer();
  });
  afterAll(() => product.remove());

  const serverArgs = () => ['--server-url', server.url];
  const upload = (type: string, ...more: string[]) => [
    ...['upload-batch', '--file', 'customers_tokenized.csv', '--client-id', product.clientId],
    ...['--processing-type', type, ...serverArgs(), '--wait', ...more],
  ];
  const fetchResults = async (batchId: string) => {
    const headers = { 'x-api-key': product.apiKey, accept: 'application/json' };
    const response = await fetch(`${server.url}/api/v1/results/${batchId}`, { headers });
    expect(response.status).toBe(200);
    return ((await response.json()) as { results: Record<string, unknown>[] }).results;
  };

  it('1. tokenizes every direct identifier and says so in a table', async () => {
    const paths = ['--config', config, '--input', 'customers_raw.csv', '--output', 'customers_tokenized.csv'];
    const run = await product.sdp(['tokenize-config', ...paths]);
    expect({ status: run.status, stderr: run.stderr }).toMatchObject({ status: 0 });
    for (const column of ['full_name', 'email', 'phone']) expect(run.stdout).toMatch(new RegExp(`\\b${column}\\b`));
    expect(run.stdout).toMatch(/1[, {2}]?000/);
    const tokenized = recordsOf(product.read('customers_tokenized.csv'));
    expect(tokenized).toHaveLength(raw.length);
    for (const [at, { record }] of tokenized.entries()) {
      for (const column of ['full_name', 'email', 'phone']) expect(record[column]).toMatch(/^(tok_[0-9a-f]{32})?$/);
      expect(record['LIMIT_BAL']).toBe(raw[at]?.record['LIMIT_BAL']);
    }
    expect(product.exists('customers_tokenized.csv.manifest.json')).toBe(true);
  });

  it('2. uploads and waits, and prints the batch and its outcome', async () => {
    const run = await product.sdp(upload('risk_scoring'));
    expect({ status: run.status, stderr: run.stderr }).toMatchObject({ status: 0 });
    expect(run.stdout).toMatch(/status\s+PROCESSED/);
    const again = await product.sdpJson(upload('risk_scoring'));
    expect(run.stdout).toContain(String(again['batch_id']));
    expect(again).toMatchObject({ accepted_records: 1000, status: 'PROCESSED', processing_type: 'risk_scoring' });
    batches['risk_scoring'] = String(again['batch_id']);
  });

  it('3. says where the batch is', async () => {
    const args = ['batch-status', '--batch-id', batches['risk_scoring'] ?? '', ...serverArgs()];
    expect((await product.sdpOk(args)).stdout).toMatch(/status\s+PROCESSED/);
    const status = await product.sdpJson(args);
    expect(status).toMatchObject({
      status: 'PROCESSED',
      accepted_records: 1000,
      processed_records: 1000,
      reason: null,
    });
    expect(status['counts']).toEqual({ scored: expect.any(Number), insufficient_features: expect.any(Number) });
  });

  const merge = (batchId: string, output: string) => [
    ...['integrate-results', '--batch-id', batchId, '--raw-input', 'customers_raw.csv', '--output', output],
    ...['--key-column', 'customer_id', ...serverArgs()],
  ];

  /**
   * What the merged file must be, found without the program: the n-th raw row was uploaded as the n-th tokenized one,
   * whose key names its result.
   */
  const mergedByOracle = async (batchId: string, columns: (result: Record<string, unknown>) => Row) => {
    const results = new Map((await fetchResults(batchId)).map((result) => [String(result['key']), result]));
    const tokenized = recordsOf(product.read('customers_tokenized.csv'));
    return raw.map(({ record }, at) => {
      const result = results.get(tokenized[at]?.record['customer_id'] ?? '');
      if (!result) throw new Error(`no result for row ${at + 1}`);
      return { ...record, ...columns(result) };
    });
  };

  const expectRawUntouched = (output: string) => {
    const merged = recordsOf(product.read(output));
    expect(merged.map(({ raw: text }, at) => text.startsWith(`${raw[at]?.raw},`)).indexOf(false)).toBe(-1);
    return merged.map(({ record }) => record);
  };

  it('4. merges the scores as an independent join would, raw columns byte for byte', async () => {
    const batchId = batches['risk_scoring'] ?? '';
    const run = await product.sdp(merge(batchId, 'customers_scored.csv'));
    expect({ status: run.status, stderr: run.stderr }).toMatchObject({ status: 0 });
    expect(run.stdout).toMatch(/with a result\s+1[, {2}]?000/);
    const merged = expectRawUntouched('customers_scored.csv');
    const expected = await mergedByOracle(batchId, (result) => ({
      risk_score: result['score'] === null ? '' : String(Number((result['score'] as number).toFixed(6))),
      risk_band: String(result['band'] ?? ''),
      risk_status: String(result['status']),
      risk_feature_coverage: String(Number((result['feature_coverage'] as number).toFixed(4))),
      risk_model_version: String(result['model_version']),
    }));
    expect(merged).toEqual(expected);
    expect(new Set(merged.map(({ risk_band }) => risk_band))).toEqual(new Set(['low', 'medium', 'high', '']));
  });

  it('gives one JSON object with --json and nothing with --quiet', async () => {
    const batchId = batches['risk_scoring'] ?? '';
    const json = await product.sdpJson(merge(batchId, 'customers_scored.csv'));
    expect(json).toMatchObject({ rows: 1000, matched: 1000, unmatched_rows: 0, foreign_results: 0, duplicate_keys: 0 });
    expect(json).toMatchObject({ receipt_checked: true });
    const quiet = await product.sdpOk([...merge(batchId, 'customers_scored.csv'), '--quiet']);
    expect(quiet).toMatchObject({ stdout: '', stderr: '' });
  });

  it('merges to stdout with -', async () => {
    const run = await product.sdpOk(merge(batches['risk_scoring'] ?? '', '-'));
    expect(run.stdoutBytes.equals(product.read('customers_scored.csv'))).toBe(true);
  });

  it('anonymizes: every released combination is shared by k records', async () => {
    const params = ['--param', 'k=5', '--param', 'quasi_identifiers=AGE,EDUCATION'];
    const { batch_id } = await product.sdpJson(upload('anonymization', ...params));
    await product.sdpOk(merge(String(batch_id), 'customers_anonymized.csv'));
    const merged = expectRawUntouched('customers_anonymized.csv');
    const expected = await mergedByOracle(String(batch_id), (result) => {
      const values = result['values'] as Row;
      return {
        anon_AGE: values['AGE'] ?? '',
        anon_EDUCATION: values['EDUCATION'] ?? '',
        anon_class_size: String(result['class_size'] ?? ''),
        anon_status: String(result['status']),
      };
    });
    expect(merged).toEqual(expected);
    const released = merged.filter(({ anon_status }) => anon_status === 'generalized');
    const classes = Map.groupBy(released, ({ anon_AGE, anon_EDUCATION }) => `${anon_AGE}|${anon_EDUCATION}`);
    expect(classes.size).toBeGreaterThan(10);
    for (const members of classes.values()) {
      expect(members.length).toBeGreaterThanOrEqual(5);
      expect(members.map(({ anon_class_size }) => Number(anon_class_size))).toEqual(members.map(() => members.length));
    }
  });

  it('finds anomalies', async () => {
    const { batch_id, counts } = await product.sdpJson(upload('anomaly_detection', '--param', 'seed=7'));
    expect(counts).toEqual({ scored: 1000 });
    await product.sdpOk(merge(String(batch_id), 'customers_anomalies.csv'));
    const merged = expectRawUntouched('customers_anomalies.csv');
    const results = await mergedByOracle(String(batch_id), (result) => ({
      anomaly_score: String(Number((result['score'] as number).toFixed(6))),
      is_anomaly: String(result['is_anomaly']),
      anomaly_reasons: (result['columns'] as Reason[]).map(reasonText).join('; '),
    }));
    expect(merged).toEqual(results);
    expect(new Set(merged.map(({ is_anomaly }) => is_anomaly))).toEqual(new Set(['true', 'false']));
  });

  it('judges rules over the rows: of one row, and of those of a city and a day', async () => {
    product.write(
      'rules.yml',
      Buffer.from(`version: 1
rules:
  - { id: high-limit, title: A high limit, form: pattern, where: { field: LIMIT_BAL, at_least: 500000 } }
  - { id: same-day, title: Several of a city on one day, form: threshold, group_by: [city], count: 2, within: 1d }
`),
    );
    const params = ['--param', 'rules=@rules.yml', '--param', 'time_column=signup_date', '--param', 'threshold=1'];
    const { batch_id } = await product.sdpJson(upload('anomaly_detection', ...params));
    await product.sdpOk(merge(String(batch_id), 'customers_by_rules.csv'));
    const merged = expectRawUntouched('customers_by_rules.csv');
    const together = Map.groupBy(raw, ({ record }) => `${record['city']} ${record['signup_date']}`);
    const expected = raw.map(({ record }) => {
      const others = together.get(`${record['city']} ${record['signup_date']}`)?.length ?? 0;
      return [
        ...(Number(record['LIMIT_BAL']) >= 500_000 ? ['rule high-limit: A high limit'] : []),
        ...(others > 1 ? [`rule same-day: Several of a city on one day (count ${others}, limit 2, within 1 d)`] : []),
      ];
    });
    expect(
      merged.map(({ anomaly_reasons: reasons = '' }) => reasons.split('; ').filter((text) => text.startsWith('rule '))),
    ).toEqual(expected);
    expect(merged.map(({ is_anomaly }) => is_anomaly)).toEqual(expected.map((texts) => String(texts.length > 0)));
    expect(expected.filter((texts) => texts.length === 0).length).toBeGreaterThan(100);
    expect(expected.flat().some((text) => text.startsWith('rule same-day'))).toBe(true);
  });

  it('gives the raw file back byte for byte, to a file and through pipes', async () => {
    const columns = ['full_name', 'email', 'phone', 'national_id', 'card_number', 'iban', 'city'];
    const named = columns.flatMap((column) => ['--column', column]);
    const output = ['--input', 'customers_raw.csv', '--output', 'reversible.csv'];
    const reason = ['--reason', 'quarterly mailing'];
    await product.sdpOk(['tokenize-csv', ...output, '--source-table', 'customers', ...named]);
    expect(product.read('reversible.csv').includes('Samuel Ibrahim')).toBe(false);
    await product.sdpOk(['detokenize', '--input', 'reversible.csv', '--output', 'back.csv', ...reason]);
    expect(product.read('back.csv').equals(sample)).toBe(true);

    const piped = ['tokenize-csv', '--input', '-', '--output', '-', '--manifest', 'piped.manifest.json'];
    const tokens = await product.sdpOk([...piped, '--source-table', 'customers', ...named], { stdin: sample });
    expect(tokens.stdoutBytes.equals(product.read('reversible.csv'))).toBe(true);
    const back = await product.sdpOk(['detokenize', '--input', '-', '--output', '-', ...reason], {
      stdin: tokens.stdoutBytes,
    });
    expect(back.stdoutBytes.equals(sample)).toBe(true);
  });

  it('logged nothing that a human must act on', () => {
    const entries = product
      .serverLog()
      .split('\n')
      .filter((line) => line.startsWith('{'));
    expect(entries.length).toBeGreaterThan(5);
    const problems = entries.map((line) => JSON.parse(line) as { level: number | string; msg: string });
    expect(problems.filter(({ level }) => ['warn', 'error', 'fatal', 40, 50, 60].includes(level))).toEqual([]);
  });

  it('stops with everything that it started', async () => {
    expect(await server.stop()).toBe(0);
    expect(product.leftovers()).toEqual([]);
  });
});
