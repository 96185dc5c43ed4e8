import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { detokenizeCommand } from '../../src/commands/detokenize.ts';
import { integrateResultsCommand } from '../../src/commands/integrate-results.ts';
import { tokenizeConfigCommand } from '../../src/commands/tokenize-config.ts';
import { tokenizeCsvCommand } from '../../src/commands/tokenize-csv.ts';
import { runCommand } from '../support/run-command.ts';
import { type UploadBench, uploadBench } from '../support/upload-bench.ts';

const root = resolve(import.meta.dirname, '../../..');
const sample = resolve(root, 'data-samples/support_cases.csv');

let bench: UploadBench;
beforeEach(async () => {
  bench = await uploadBench();
});
afterEach(async () => {
  await bench.close();
});

const tokenized = () => `${bench.folder}/cases.csv`;

async function tokenize(argv: readonly string[] = []): Promise<void> {
  const config = resolve(root, 'configs/support_cases_tokenization.yml');
  const run = await runCommand(
    tokenizeConfigCommand,
    ['--config', config, '--input', sample, '--output', tokenized(), ...argv],
    { env: bench.env, cwd: bench.folder },
  );
  expect(run.error).toBeUndefined();
}

describe('a file made with every method', () => {
  test('is sent with its manifest; what the manifest proves needs no answer from the user', async () => {
    await tokenize();
    const run = await bench.upload(['--file', tokenized()]);
    expect(run.error?.details.findings ?? run.error).toBeUndefined();
    const [batch] = bench.server.batches;
    const sent = JSON.stringify(batch);
    for (const raw of [
      'Samuel',
      'samuel',
      '8800-123-4567',
      '4242420000123455',
      '4242 4242',
      'm.keller',
      '1970-02-15',
    ]) {
      expect(sent).not.toContain(raw);
    }
  });

  test('comes together with its results by a key of any method', async () => {
    const run = await runCommand(
      tokenizeCsvCommand,
      [
        ...['--input', sample, '--output', tokenized(), '--source-table', 'cases', '--key-column', 'account'],
        ...['--method', 'account=fpe', '--method', 'email=email,canonical=trim+lower', '--method', 'card=card'],
        ...['--method', 'note=text', '--method', 'card_on_file=redact', '--method', 'refund_card=redact'],
        ...['--method', 'work_email=redact', '--method', 'phone=token,canonical=phone', '--region', 'US'],
      ],
      { env: bench.env, cwd: bench.folder },
    );
    expect(run.error).toBeUndefined();
    for (const key of ['account', 'email', 'card', 'phone', 'case_id']) {
      const upload = await bench.upload(['--file', tokenized(), '--key-column', key]);
      expect(upload.error?.details.findings ?? upload.error, key).toBeUndefined();
      const merged = await runCommand(
        (context) => integrateResultsCommand(context),
        [
          ...['--batch-id', String(upload.json['batch_id']), '--raw-input', sample, '--key-column', key],
          ...['--output', `${bench.folder}/${key}.csv`, '--json'],
        ],
        { env: bench.env, cwd: bench.folder },
      );
      expect(merged.json, key).toMatchObject({ rows: 6, matched: 6, unmatched_rows: 0, foreign_results: 0 });
      const rows = parse(readFileSync(`${bench.folder}/${key}.csv`), { columns: true }) as Record<string, string>[];
      expect(rows[0]).toMatchObject({ case_id: 'S-1001', full_name: 'Samuel Ibrahim' });
    }
  });

  test('without a manifest, e-mails and cards that the vault does not know stop the upload', async () => {
    await tokenize();
    const header = 'a,b\n';
    const [, first = ''] = readFileSync(tokenized(), 'utf8').split('\n');
    const email = /tok_\w+@email\.invalid/.exec(first)?.[0] ?? '';
    const card = /99\d{10}3455/.exec(first)?.[0] ?? '';
    const path = `${bench.folder}/bare.csv`;
    const declared = ['--file', path, '--declare', 'a=email', '--declare', 'b=card'];
    writeFileSync(path, `${header}${email},${card}\n,\n`);
    expect((await bench.upload(declared)).error).toBeUndefined();
    writeFileSync(path, `${header}tok_${'0'.repeat(32)}@email.invalid,${card}\n`);
    expect((await bench.upload(declared)).error).toMatchObject({
      code: 'raw-pii-found',
      details: { column: 'a', row: 1 },
    });
    writeFileSync(path, `${header}${email},1234567890123\n`);
    expect((await bench.upload(declared)).error).toMatchObject({
      code: 'raw-pii-found',
      details: { column: 'b', row: 1 },
    });
  });
});

test('a file with a manifest of version 1 is reversed as before', async () => {
  const { tokenizedPath, rawPath } = bench.fixture;
  expect(readFileSync(`${tokenizedPath}.manifest.json`, 'utf8')).toContain('"version": 1');
  const output = `${bench.folder}/again.csv`;
  const run = await runCommand(
    detokenizeCommand,
    ['--input', tokenizedPath, '--output', output, '--reason', 'a test'],
    {
      env: bench.env,
      cwd: bench.folder,
    },
  );
  expect(run.error).toBeUndefined();
  expect(readFileSync(output).equals(readFileSync(rawPath))).toBe(true);
});
