import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/demo/server-process.ts';
import { customersCsv, mergeArgs, tokenizeArgs, tokenizeCustomers, uploadArgs } from '../support/customers.ts';
import { expectError, expectJsonError } from '../support/errors-printed.ts';
import { filesIn } from '../support/folder-snapshot.ts';
import { Product, type ProductServer } from '../support/product.ts';
import { type ProgramRun, runProgram } from '../support/run-program.ts';

const someBatch = '0b7c2a54-6f3e-4f0a-9b1d-2f8a4c6e7d10';

describe('what is wrong on purpose is refused with a reason, a hint and nothing left behind', () => {
  const product = Product.create();
  let server: ProductServer;
  let secret: string;
  let batchId: string;
  /** Runs against no server. They take their time, so they go on beside the other tests. */
  let unreachable: Promise<ProgramRun[]>;

  beforeAll(async () => {
    server = await product.startServer();
    ({ secret } = await tokenizeCustomers(product, 'customers', 40));
    batchId = String(
      (await product.sdpJson([...uploadArgs(product, server.url, 'customers.tok.csv'), '--wait']))['batch_id'],
    );
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const commands = [
      uploadArgs(product, nowhere, 'customers.tok.csv'),
      ['batch-status', '--batch-id', batchId, '--server-url', nowhere],
    ];
    unreachable = Promise.all(commands.map((args) => product.sdp(args, { timeoutMs: 120_000 })));
  });
  afterAll(async () => {
    await unreachable;
    await product.remove();
  });

  /** Of the client; without SQLite's own ones, which come and go with whoever reads the vault. */
  const files = () => filesIn(product.folder).filter((name) => !/^server|^token_vault[.]db[-.]|^[.]local/.test(name));

  /** Runs a command that must fail so, and checks that it changed no file and printed no value. */
  const refused = async (args: readonly string[], code: Parameters<typeof expectError>[1], environment = {}) => {
    const before = files();
    const run = await product.sdp(args, { environment });
    expectError(run, code);
    expect(files()).toEqual(before);
    expect(run.stderr).not.toContain(secret);
    const json = await product.sdp([...args, '--json'], { environment });
    const error = expectJsonError(json, code);
    expect(json.stdout + json.stderr).not.toContain(secret);
    return { run, error };
  };

  it('another key', async () => {
    const wrong = { SDP_CRYPTO_KEY_FILE: product.writeSecret('wrong.key', randomBytes(32).toString('base64url')) };
    await refused(tokenizeArgs('customers.csv', 'x.csv'), 'vault-wrong-key', wrong);
    await refused(['detokenize', '--input', 'customers.tok.csv', '--output', 'x.csv'], 'vault-wrong-key', wrong);
    await refused(uploadArgs(product, server.url, 'customers.tok.csv'), 'vault-wrong-key', wrong);
    await refused(mergeArgs(server.url, batchId, 'customers.csv', 'x.csv'), 'vault-wrong-key', wrong);
    await refused(['vault', 'stats'], 'vault-wrong-key', wrong);
  });

  it('no key, half a key, a key that others may read', async () => {
    const none = { SDP_CRYPTO_KEY_FILE: undefined };
    await refused(tokenizeArgs('customers.csv', 'x.csv'), 'key-missing', none);
    const half = { ...none, SDP_CRYPTO_KEY: randomBytes(16).toString('base64url') };
    const { run } = await refused(['vault', 'verify'], 'key-invalid', half);
    expect(run.stderr).not.toContain(half.SDP_CRYPTO_KEY);
    const open = { SDP_CRYPTO_KEY_FILE: product.write('open.key', randomBytes(32).toString('base64url')) };
    await refused(['vault', 'stats'], 'config-invalid', open);
  });

  it('no vault', async () => {
    await refused(
      ['detokenize', '--input', 'customers.tok.csv', '--output', 'x.csv', '--vault', 'no.db'],
      'vault-not-found',
    );
    await refused(['vault', 'stats', '--vault', 'no.db'], 'vault-not-found');
  });

  it('a tokenized file that was edited', async () => {
    const edited = product.read('customers.tok.csv').toString().replace('tok_', 'tok-');
    product.write('edited.csv', edited);
    product.write('edited.csv.manifest.json', product.read('customers.tok.csv.manifest.json'));
    await refused(uploadArgs(product, server.url, 'edited.csv'), 'manifest-invalid');
    await refused(['detokenize', '--input', 'edited.csv', '--output', 'x.csv'], 'manifest-invalid');
  });

  it('a manifest that was edited', async () => {
    const manifest = product.read('customers.tok.csv.manifest.json').toString();
    product.write('lied.csv', product.read('customers.tok.csv'));
    product.write('lied.csv.manifest.json', manifest.replace('"row_count": 40', '"row_count": 41'));
    expect(product.read('lied.csv.manifest.json').toString()).not.toBe(manifest);
    await refused(uploadArgs(product, server.url, 'lied.csv'), 'manifest-invalid');
  });

  it('the raw file: column and row are named, the value is not', async () => {
    const upload = uploadArgs(product, server.url, 'customers.csv');
    const declare = (column: string, method: string) => ['--declare', `${column}=${method}`];
    const kept = ['customer_id', 'full_name', 'email'].flatMap((column) => declare(column, 'keep'));
    const { run, error } = await refused([...upload, ...kept], 'raw-pii-found');
    expect(run.stderr).toMatch(/row 1, email: e-mail address/);
    expect(error).toMatchObject({ row: 1, column: 'email' });
    // Nor does it help to call it what it isn't, or to say nothing.
    await refused([...upload, ...declare('email', 'token'), ...declare('full_name', 'token')], 'raw-pii-found');
    await refused(upload, 'raw-pii-found');
  });

  it('the raw file without what detection knows: columns must be declared', async () => {
    product.write('names.csv', 'id,full_name\n1,Wilhelmina Ooijkensteyn\n');
    const { run } = await refused(uploadArgs(product, server.url, 'names.csv'), 'columns-undeclared');
    expect(run.stderr).not.toContain('Ooijkensteyn');
  });

  it('a false alarm that the key’s policy does not let answer, and a find that nothing answers', async () => {
    product.write('alarm.csv', 'id,note\n1,536-90-4399\n');
    await product.sdpOk([
      'tokenize-csv',
      '--input',
      'alarm.csv',
      '--output',
      'alarm.tok.csv',
      '--source-table',
      'a',
      '--column',
      'id',
    ]);
    await refused([...uploadArgs(product, server.url, 'alarm.tok.csv')], 'raw-pii-found');
    await refused([...uploadArgs(product, server.url, 'alarm.tok.csv'), '--declare-safe', 'note'], 'forbidden');
    product.write('card.csv', 'id,note\n1,4929081234567899\n');
    await product.sdpOk([
      'tokenize-csv',
      '--input',
      'card.csv',
      '--output',
      'card.tok.csv',
      '--source-table',
      'a',
      '--column',
      'id',
    ]);
    await refused([...uploadArgs(product, server.url, 'card.tok.csv'), '--declare-safe', 'note'], 'raw-pii-found');
  });

  it('another API key, none at all', async () => {
    const other = { SDP_API_KEY_FILE: product.writeSecret('other-api.key', randomBytes(32).toString('base64url')) };
    await refused(uploadArgs(product, server.url, 'customers.tok.csv'), 'unauthorized', other);
    await refused(['batch-status', '--batch-id', batchId, '--server-url', server.url], 'unauthorized', other);
    await refused(mergeArgs(server.url, batchId, 'customers.csv', 'x.csv'), 'unauthorized', {
      SDP_API_KEY_FILE: undefined,
    });
  });

  it('a batch of another client, as if it were not there', async () => {
    const made = await product.sdpServer(['api-keys', 'create', '--client-id', 'rival', '--json']);
    expect({ status: made.status, stderr: made.stderr }).toMatchObject({ status: 0 });
    const rival = { SDP_API_KEY_FILE: product.writeSecret('rival-api.key', apiKeyIn(made.stdout)) };
    const status = (id: string) => ['batch-status', '--batch-id', id, '--server-url', server.url];
    const { run: theirs } = await refused(status(batchId), 'not-found', rival);
    const { run: nobodys } = await refused(status(someBatch), 'not-found', rival);
    const withoutIds = (text: string) => text.replace(/request id: .*/, '');
    expect(withoutIds(theirs.stderr)).toBe(withoutIds(nobodys.stderr));
    await refused(mergeArgs(server.url, batchId, 'customers.csv', 'x.csv'), 'not-found', rival);
    await refused(uploadArgs(product, server.url, 'customers.tok.csv'), 'forbidden', rival);
  });

  it('a server that is not there, after some retries', { timeout: 120_000 }, async () => {
    for (const run of await unreachable) {
      expectError(run, 'server-unreachable');
      expect(run.stderr).toMatch(/^sdp: warning: .*trying again in/m);
    }
  });

  it('a receipt of another server', async () => {
    const receipt = product.read('customers.tok.csv.receipt.json').toString();
    product.write('moved.json', receipt.replace(server.url, 'https://sdp.example.com'));
    const merge = [...mergeArgs(server.url, batchId, 'customers.csv', 'x.csv'), '--receipt', 'moved.json'];
    await refused(merge, 'receipt-invalid');
  });

  it('a raw file of other customers, with --strict', async () => {
    product.write('others.csv', customersCsv(40, 'others').csv);
    await refused([...mergeArgs(server.url, batchId, 'others.csv', 'x.csv'), '--strict'], 'results-key-mismatch');
    const loose = await product.sdpJson(mergeArgs(server.url, batchId, 'others.csv', 'loose.csv'));
    expect(loose).toMatchObject({ rows: 40, matched: 0, unmatched_rows: 40, foreign_results: 40 });
  });

  it('ragged rows, unknown columns, no such file, a configuration with faults', async () => {
    product.write('ragged.csv', 'id,a\n1,2\n3\n');
    const ragged = [
      'tokenize-csv',
      '--input',
      'ragged.csv',
      '--output',
      'x.csv',
      '--source-table',
      't',
      '--column',
      'a',
    ];
    expect((await refused(ragged, 'csv-ragged')).error).toMatchObject({ row: 2 });
    await refused([...tokenizeArgs('customers.csv', 'x.csv'), '--column', 'nobody'], 'csv-column-unknown');
    await refused(tokenizeArgs('nowhere.csv', 'x.csv'), 'file-not-found');
    product.write('faulty.yml', 'source_table: t\ncolumns:\n  a: tokn\n  b: { method: mask, namespace: x }\n');
    const config = ['tokenize-config', '--config', 'faulty.yml', '--input', 'ragged.csv', '--output', 'x.csv'];
    expect((await refused(config, 'config-invalid')).run.stderr).toMatch(/3:\d+.*\n.*4:\d+/);
  });

  it('options that are missing, unknown or malformed', async () => {
    await refused(['upload-batch', '--file', 'customers.tok.csv', '--server-url', server.url], 'usage-invalid');
    await refused(['batch-status', '--batch-id', 'not-a-batch', '--server-url', server.url], 'usage-invalid');
    await refused(['vault', 'stats', '--no-such-option'], 'usage-invalid');
    await refused(['no-such-command'], 'usage-invalid');
  });

  it('a disk that is full', async () => {
    const full = async (args: readonly string[]) => {
      const before = files();
      const run = await product.sdp(args);
      expectError(run, 'output-unwritable');
      expect(run.stderr).toMatch(/the disk is full/);
      expect(files()).toEqual(before);
    };
    await full([...tokenizeArgs('customers.csv', '/dev/full'), '--manifest', 'full.manifest.json']);
    await full(['detokenize', '--input', 'customers.tok.csv', '--output', '/dev/full']);
    await full(mergeArgs(server.url, batchId, 'customers.csv', '/dev/full'));
  });

  it('a stdout that is full', async () => {
    const program = new URL('../../client/bin/sdp.js', import.meta.url).pathname;
    const line = `"${process.execPath}" "${program}" detokenize --input customers.tok.csv --output - > /dev/full`;
    const environment = product.clientEnvironment();
    const run = await runProgram('/bin/sh', ['-c', line], { cwd: product.folder, environment });
    expect(run.stderr).toMatch(/^sdp: error: .*disk is full/m);
    expect(run.status).toBe(4);
  });
});

function apiKeyIn(output: string): string {
  const key = /"(?:api_)?key":\s*"([^"]+)"/.exec(output)?.[1];
  if (key === undefined) throw new Error('no API key was printed');
  return key;
}
