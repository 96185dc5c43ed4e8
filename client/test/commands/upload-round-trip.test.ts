import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { batchStatusCommand } from '../../src/commands/batch-status.ts';
import { integrateResultsCommand } from '../../src/commands/integrate-results.ts';
import { uploadBatchCommand } from '../../src/commands/upload-batch.ts';
import { ProtocolServer } from '../support/protocol-server.ts';
import { runCommand, temporaryFolder } from '../support/run-command.ts';
import { type TokenizedFixture, writeFixture } from '../support/tokenized-file.ts';

let folder: ReturnType<typeof temporaryFolder>;
let server: ProtocolServer;
let fixture: TokenizedFixture;

beforeEach(async () => {
  folder = temporaryFolder();
  server = await ProtocolServer.start({ pollsUntilProcessed: 1 });
  fixture = await writeFixture(folder.path);
});

afterEach(async () => {
  await server.close();
  folder.remove();
});

const environment = () => ({
  SDP_CRYPTO_KEY: fixture.keyText,
  SDP_VAULT: fixture.vaultPath,
  SDP_API_KEY: server.apiKey,
  SDP_SERVER_URL: server.url,
  SDP_CLIENT_ID: 'acme',
});

const upload = (...more: string[]) =>
  runCommand(
    uploadBatchCommand,
    ['--file', fixture.tokenizedPath, '--processing-type', 'risk_scoring', '--json', ...more],
    { env: environment(), cwd: folder.path },
  );

const integrate = (batchId: string, ...more: string[]) =>
  runCommand(
    integrateResultsCommand,
    [
      ...['--batch-id', batchId, '--raw-input', fixture.rawPath, '--output', `${folder.path}/out.csv`],
      ...['--key-column', 'customer_id', '--json', ...more],
    ],
    { env: environment(), cwd: folder.path },
  );

describe('upload, status and merge against a server that keeps the contract', () => {
  test('a file goes up and its scores come back beside the raw rows', async () => {
    const uploaded = await upload('--wait');
    expect(uploaded.error).toBeUndefined();
    expect(uploaded.json).toMatchObject({ accepted_records: 20, status: 'PROCESSED', key_column: 'customer_id' });
    expect(server.batches[0]?.records[0]).toMatchObject({ age: '21', note: 'plain' });
    expect(server.batches[0]?.records[1]).toMatchObject({ note: 'said "hello", twice' });

    const merged = await integrate(String(uploaded.json['batch_id']), '--strict');
    expect(merged.error).toBeUndefined();
    expect(merged.json).toMatchObject({
      rows: 20,
      matched: 20,
      unmatched_rows: 0,
      foreign_results: 0,
      receipt_checked: true,
    });
    const raw = readFileSync(fixture.rawPath, 'utf8').split('\n');
    const lines = readFileSync(`${folder.path}/out.csv`, 'utf8').split('\n');
    expect(lines[0]).toBe(`${raw[0]},risk_score,risk_band,risk_status,risk_feature_coverage,risk_model_version`);
    expect(lines[2]).toBe(`${raw[2]},0.37,low,scored,1,test-model-1`);
    lines.forEach((line, index) => {
      expect(line.startsWith(raw[index] ?? '?')).toBe(true);
    });
  });

  test('the same upload again gives the same batch, and heals a receipt that was never written', async () => {
    const first = await upload();
    const receipt = String(first.json['receipt']);
    const before = JSON.parse(readFileSync(receipt, 'utf8')) as { batch_id: string };
    const second = await upload();
    expect(second.json['batch_id']).toBe(first.json['batch_id']);
    expect(before.batch_id).toBe(first.json['batch_id']);
    expect(server.batches).toHaveLength(1);
  });

  test('batch-status prints a table, and the whole batch as JSON', async () => {
    const { json } = await upload();
    const argv = ['--batch-id', String(json['batch_id'])];
    const text = await runCommand(batchStatusCommand, argv, { env: environment() });
    expect(text.stdout).toContain('PROCESSING');
    const full = await runCommand(batchStatusCommand, [...argv, '--json'], { env: environment() });
    expect(full.json).toMatchObject({ status: 'PROCESSED', model_version: 'test-model-1', accepted_records: 20 });
  });
});
