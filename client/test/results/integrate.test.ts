import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { BatchResult } from '@sdp/shared/contracts';
import { parse } from 'csv-parse/sync';
import { afterEach, describe, expect, test } from 'vitest';
import { integrateResultsCommand } from '../../src/commands/integrate-results.ts';
import { defaultResults, type ProtocolServerOptions, type StoredBatch } from '../support/protocol-server.ts';
import { runCommand } from '../support/run-command.ts';
import { customerColumns } from '../support/tokenized-file.ts';
import { type UploadBench, uploadBench } from '../support/upload-bench.ts';

let bench: UploadBench;

afterEach(async () => {
  await bench.close();
});

/** Uploads the fixture to a server with these habits. */
async function uploaded(options: ProtocolServerOptions = {}, argv: readonly string[] = []): Promise<string> {
  bench = await uploadBench(options);
  const run = await bench.upload(argv);
  expect(run.error).toBeUndefined();
  return String(run.json['batch_id']);
}

const changed = (change: (results: BatchResult[], batch: StoredBatch) => BatchResult[]): ProtocolServerOptions => ({
  results: (batch) => change(defaultResults(batch), batch),
});

const outPath = () => `${bench.folder}/out.csv`;
const table = () => parse(readFileSync(outPath()), { columns: true }) as Record<string, string>[];

/** Rewrites the raw file's rows. */
function editRaw(edit: (rows: string[]) => string[]): void {
  const [header, ...rows] = readFileSync(bench.fixture.rawPath, 'utf8').trimEnd().split('\n');
  writeFileSync(bench.fixture.rawPath, `${[header, ...edit(rows)].join('\n')}\n`);
}

describe('keys', () => {
  test('rows in another order, missing, new and doubled are joined and counted', async () => {
    const id = await uploaded();
    editRaw((rows) => [...rows.slice(5).reverse(), 'C-new,a@example.com,1,x', rows[19] ?? '']);
    const run = await bench.integrate(id);
    expect(run.json).toMatchObject({
      rows: 17,
      matched: 16,
      unmatched_rows: 1,
      foreign_results: 5,
      duplicate_keys: 1,
      repeated_results: 0,
    });
    const rows = table();
    expect(rows[0]).toMatchObject({ customer_id: 'C-1020', risk_score: '0.03' });
    expect(rows[15]).toMatchObject({ customer_id: 'C-new', risk_score: '', risk_band: '' });
  });

  test('--strict makes any of that an error and leaves no output, on stdout neither', async () => {
    const id = await uploaded();
    editRaw((rows) => rows.slice(1));
    const run = await bench.integrate(id, ['--strict']);
    expect(run.error).toMatchObject({ code: 'results-key-mismatch' });
    expect(run.error?.details.findings).toEqual([{ message: '1 results without a row' }]);
    expect(readdirSync(bench.folder).filter((name) => name.includes('out') || name.includes('tmp'))).toEqual([]);
    const toStdout = (...more: string[]) =>
      runCommand(
        integrateResultsCommand,
        [
          '--batch-id',
          id,
          '--raw-input',
          bench.fixture.rawPath,
          '--output',
          '-',
          '--key-column',
          'customer_id',
          ...more,
        ],
        { env: bench.env, cwd: bench.folder },
      );
    const strict = await toStdout('--strict');
    expect(strict.error?.code).toBe('results-key-mismatch');
    expect(strict.stdout).toBe('');
    const lenient = await toStdout();
    expect(lenient.error).toBeUndefined();
    expect(lenient.stdout.split('\n')[1]).toMatch(/^C-1002,.*,0\.37,low,scored,1,test-model-1$/);
  });

  test('a key column that was kept needs no vault', async () => {
    const columns = customerColumns.map((column) =>
      column.name === 'customer_id' ? { ...column, method: 'keep' as const } : column,
    );
    bench = await uploadBench({}, { columns });
    const { json } = await bench.upload([
      '--declare',
      'customer_id=keep',
      '--declare',
      'email=token',
      '--declare',
      'note=keep',
    ]);
    const run = await bench.integrate(String(json['batch_id']), ['--strict']);
    expect(run.json).toMatchObject({ matched: 20 });
  });

  test('without a receipt: a warning, and tokens are looked up in the vault; with --strict an error', async () => {
    const id = await uploaded();
    for (const name of readdirSync(bench.folder)) if (name.endsWith('.receipt.json')) rmSync(`${bench.folder}/${name}`);
    const strict = await bench.integrate(id, ['--strict']);
    expect(strict.error?.code).toBe('receipt-invalid');
    const run = await bench.integrate(id);
    expect(run.stderr).toContain('warning: there is no receipt');
    expect(run.json).toMatchObject({ matched: 20, receipt_checked: false });
  });

  test('a receipt that was changed, and one of another server', async () => {
    const id = await uploaded();
    const path = `${bench.fixture.tokenizedPath}.receipt.json`;
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('"customers.customer_id"', '"customers.email"'));
    expect((await bench.integrate(id)).error).toMatchObject({ code: 'receipt-invalid' });
    writeFileSync(path, text.replace(bench.server.url, 'http://127.0.0.1:1'));
    expect((await bench.integrate(id)).error).toMatchObject({ code: 'receipt-invalid' });
  });
});

describe('columns', () => {
  test('anonymization: one column a quasi-identifier, class size and status', async () => {
    const id = await uploaded(
      {},
      [...['--processing-type', 'anonymization', '--param', 'k=5', '--param', 'quasi_identifiers=age,note']].flat(),
    );
    const run = await bench.integrate(id);
    expect(run.json['columns_added']).toEqual(['anon_age', 'anon_note', 'anon_class_size', 'anon_status']);
    expect(table()[1]).toMatchObject({
      anon_age: '[22]',
      anon_note: '[said "hello", twice]',
      anon_class_size: '5',
      anon_status: 'generalized',
    });
  });

  test('anomaly detection: score, verdict and reasons', async () => {
    const id = await uploaded({}, ['--processing-type', 'anomaly_detection']);
    await bench.integrate(id);
    expect(table()[0]).toMatchObject({
      anomaly_score: '0',
      is_anomaly: 'false',
      anomaly_reasons: 'note 0.5 (high: 99.5 % are lower)',
    });
  });

  test('anomaly detection by rules: which ones, and their numbers, before the columns', async () => {
    const rules = [
      { rule: 'burst', title: '=Many', severity: 'ERROR', numbers: { count: 24, limit: 20 }, within_seconds: 180 },
      { rule: 'large', title: 'A large amount', severity: 'WARNING' },
    ] as const;
    const withRules = changed((results) => results.map((result) => ({ ...result, rules }) as unknown as BatchResult));
    const id = await uploaded(withRules, ['--processing-type', 'anomaly_detection']);
    await bench.integrate(id);
    expect(table()[0]?.['anomaly_reasons']).toBe(
      'rule burst: =Many (count 24, limit 20, within 3 min); rule large: A large amount; note 0.5 (high: 99.5 % are lower)',
    );
  });

  test('a column of the raw file keeps its name and its cells', async () => {
    const id = await uploaded();
    const [header, ...rows] = readFileSync(bench.fixture.rawPath, 'utf8').trimEnd().split('\n');
    writeFileSync(bench.fixture.rawPath, `${header},risk_score\n${rows.map((row) => `${row},mine\n`).join('')}`);
    await bench.integrate(id);
    expect(table()[1]).toMatchObject({ risk_score: 'mine', risk_score_2: '0.37' });
  });
});

describe('a hostile server', () => {
  const integrateWith = async (options: ProtocolServerOptions, argv: readonly string[] = []) => {
    const id = await uploaded(options, argv);
    const run = await bench.integrate(id);
    return run;
  };

  test('formulas, line ends and terminal sequences in a text stay one harmless cell', async () => {
    const model_version = '=cmd|\' /C calc\'!A0\r\nC-1,"x",evil\u001b[2J';
    await integrateWith(changed((results) => results.map((result) => ({ ...result, model_version }) as BatchResult)));
    const raw = readFileSync(bench.fixture.rawPath, 'utf8');
    expect(table()).toHaveLength(20);
    for (const row of table()) expect(row['risk_model_version']).toBe("'=cmd|' /C calc'!A0  C-1,\"x\",evil [2J");
    const merged = readFileSync(outPath(), 'utf8');
    expect(merged.split('\n')).toHaveLength(raw.split('\n').length);
    expect(merged).not.toContain('\u001b');
  });

  const lies: readonly [string, (results: BatchResult[]) => BatchResult[]][] = [
    ['too few results', (results) => results.slice(1)],
    ['a result too many', (results) => [...results, { ...(results[0] as BatchResult), seq: 21 }]],
    ['a result twice', (results) => [...results.slice(0, 10), ...results.slice(9, 19)]],
    ['results out of order', (results) => results.toReversed()],
    ['a field too many', (results) => results.map((result) => ({ ...result, extra: 1 }))],
    ['a score beyond 1', (results) => results.map((result) => ({ ...result, score: 7 }) as BatchResult)],
  ];
  test.each(lies)('%s: nothing is written', async (_name, lie) => {
    const run = await integrateWith(changed(lie));
    expect(run.error?.code).toBe('server-response-invalid');
    expect(existsSync(outPath())).toBe(false);
  });

  test('a column that was never uploaded', async () => {
    const run = await integrateWith(
      changed((results) =>
        results.map((result) => ({ ...result, columns: [{ column: '=evil()', share: 1 }] }) as BatchResult),
      ),
      ['--processing-type', 'anomaly_detection'],
    );
    expect(run.error?.code).toBe('server-response-invalid');
    await bench.close();
    const other = await integrateWith(
      changed((results) => results.map((result) => ({ ...result, values: { evil: 'x' } }) as BatchResult)),
      ['--processing-type', 'anonymization', '--param', 'k=2', '--param', 'quasi_identifiers=age'],
    );
    expect(other.error?.code).toBe('server-response-invalid');
  });

  test('a stream that breaks is fetched anew, one that ends early is refused', async () => {
    const id = await uploaded();
    let broken = 0;
    bench.server.faults.push((request, response) => {
      if (request.url?.startsWith('/api/v1/results/') !== true || broken >= 2) return false;
      broken += 1;
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write('{"seq":1,"key":');
      setImmediate(() => request.socket.resetAndDestroy());
      return true;
    });
    const run = await bench.integrate(id, ['--strict']);
    expect(run.error).toBeUndefined();
    expect(broken).toBe(2);
  });

  test('a line without end', async () => {
    const id = await uploaded();
    bench.server.faults.push((request, response) => {
      if (request.url?.startsWith('/api/v1/results/') !== true) return false;
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
      return true;
    });
    const run = await bench.integrate(id);
    expect(run.error).toMatchObject({ code: 'server-response-invalid' });
  });

  test('another batch than was asked for, and one that has failed or is not done', async () => {
    const id = await uploaded({ failure: { code: 'batch-unprocessable', message: 'k is larger than the batch' } });
    expect((await bench.integrate(id)).error).toMatchObject({ code: 'batch-failed' });
    expect((await bench.integrate(id)).error?.message).toContain('k is larger than the batch');
    await bench.close();
    const waiting = await uploaded({ pollsUntilProcessed: 99 });
    const [stored] = bench.server.batches;
    expect((await bench.integrate(waiting)).error?.code).toBe('results-not-ready');
    if (stored !== undefined) {
      bench.server.faults.push((request, response) => {
        if (request.url?.startsWith('/api/v1/batches/') !== true) return false;
        const other = { ...stored.batch, batch_id: '7d9f5d1c-93a5-4c4e-8a43-0f5a5d1f3a10' };
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(other));
        return true;
      });
    }
    expect((await bench.integrate(waiting)).error?.code).toBe('server-response-invalid');
  });
});
