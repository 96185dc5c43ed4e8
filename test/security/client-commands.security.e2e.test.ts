import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { filesUnder, textEvidence } from '../support/evidence.ts';
import { LeakSearch } from '../support/leak-search.ts';
import { needlesOf, plantedCustomers } from '../support/planted-customers.ts';
import { Product } from '../support/product.ts';
import { TemporaryFiles } from '../support/temporary-files.ts';

/** Every method at once; the columns of the planted file. */
const config = `source_table: customers
key_column: customer_id
default: keep
columns:
  customer_id: { method: token, canonical: [trim, lower] }
  full_name: random
  email: email
  phone: { method: text, region: US }
  national_id: { method: fpe, alphabet: digits }
  card_number: { method: card, on_invalid: token }
  iban: hash
  address: { method: bucket, keep_first: 1, on_invalid: redact }
  remark: redact
`;

const product = Product.create();
const planted = plantedCustomers();
const temporary = new TemporaryFiles(product.path('tmp'));
/** Files that hold raw data on purpose. */
const raw = new Set([
  'raw.csv',
  'big.csv',
  'wrong.csv',
  'back.csv',
  'erase.txt',
  'client.key',
  'other.key',
  'api.key',
  'server.key',
]);
const { needles } = planted;
/** What was run. */
const ran: string[] = [];

async function sdp(...args: readonly string[]) {
  ran.push(args.slice(0, 2).join(' '));
  return product.sdp(args);
}

async function ok(...args: readonly string[]) {
  const run = await sdp(...args);
  if (run.status !== 0) throw new Error(`${args.slice(0, 2).join(' ')} ended with ${run.status}`);
  return run;
}

beforeAll(async () => {
  product.write('raw.csv', planted.csv);
  product.write('config.yml', config);
  product.writeSecret('other.key', `${Buffer.alloc(32, 7).toString('base64url')}\n`);

  await ok('scan', '--input', 'raw.csv', '--output', 'scanned.yml', '--whole');
  await sdp('scan', '--input', 'raw.csv', '--no-header', '--json');
  await ok('preview', '--config', 'config.yml', '--input', 'raw.csv', '--rows', '10');
  await ok('tokenize-config', '--config', 'config.yml', '--input', 'raw.csv', '--output', 'dry.csv', '--dry-run');
  await ok(
    'tokenize-config',
    '--config',
    'config.yml',
    '--input',
    'raw.csv',
    '--output',
    'tokenized.csv',
    '--checkpoint-mib',
    '1',
  );
  await sdp('tokenize-config', '--config', 'config.yml', '--input', 'raw.csv', '--output', 'strict.csv', '--strict');
  await killedRun();
  // What people do wrong.
  product.write('wrong.csv', planted.csv.toString().replace('536-90-4399', 'Thrumptoniana'));
  await sdp('tokenize-config', '--config', 'config.yml', '--input', 'wrong.csv', '--output', 'wrong.tok.csv');
  for (const format of ['ndjson', 'parquet', 'xlsx']) {
    await sdp(
      'tokenize-config',
      '--config',
      'config.yml',
      '--input',
      'raw.csv',
      '--format',
      format,
      '--output',
      'x.csv',
    );
  }
  await sdp('tokenize-config', '--config', 'raw.csv', '--input', 'raw.csv', '--output', 'x.csv');
  await sdp('detokenize', '--input', 'raw.csv', '--output', 'x.csv', '--manifest', 'raw.csv');

  await ok('detokenize', '--input', 'tokenized.csv', '--output', 'back.csv', '--reason', 'leak test');
  await ok('vault', 'stats');
  await ok('vault', 'verify');
  await ok('vault', 'backup', '--output', 'vault.backup');
  await ok('vault', 'keys', 'export', '--output', 'keys.bundle', '--reason', 'leak test');
  product.write('erase.txt', 'Quillermo Brasbyfield\nq.brasbyfield@vornholt.example\n');
  await ok('vault', 'forget', '--values-file', 'erase.txt', '--certificate', 'erased.json', '--yes');
  await ok('vault', 'sweep');
  await ok('vault', 'rekey');
  await ok('vault', 'retoken', '--yes', '--map', 'map.csv');
  await sdp('vault', 'merge', '--from', 'vault.backup');
  await ok('vault', 'rewrap', '--new-key-file', 'other.key');
  await sdp('vault', 'verify');
  await ok('vault', 'rewrap', '--help');
  await sdp('vault', 'restore', '--input', 'vault.backup', '--yes');
  await sdp('vault', 'audit', 'show');
  await sdp('vault', 'audit', 'verify');
  await sdp('doctor');
}, 240_000);
afterAll(() => {
  temporary.stop();
  return product.remove();
});

/** Leaves a partial output and its checkpoint behind. */
async function killedRun(): Promise<void> {
  const [header, ...rows] = planted.csv.toString().split(/(?<=\r\n)(?=CUST)/);
  product.write('big.csv', header + rows.join('').repeat(4_000));
  const args = [
    'tokenize-config',
    '--config',
    'config.yml',
    '--input',
    'big.csv',
    '--output',
    'big.tok.csv',
    '--checkpoint-mib',
    '1',
  ];
  const partial = () => readdirSync(product.folder).some((name) => name.includes('big.tok.csv'));
  await product.sdp(args, {
    onStart: (child) => {
      void (async () => {
        while (child.exitCode === null && !partial()) await sleep(5);
        await sleep(1_500);
        child.kill('SIGKILL');
      })();
    },
  });
}

async function search(values: readonly (string | Buffer)[]) {
  const leaks = new LeakSearch(values);
  const found: { place: string; name: string; value: number; form: string }[] = [];
  const evidence = [
    ...filesUnder('files', product.folder, (path) => raw.has(relative(product.folder, path))),
    ...temporary.evidence('temporary files'),
    textEvidence('output', 'stdout and stderr', product.printed.join('\n')),
  ];
  for (const { place, name, bytes } of evidence) {
    for (const { value, form } of await leaks.search(place, bytes)) found.push({ place, name, value, form });
  }
  return { found, files: evidence.map(({ name }) => name) };
}

it('prints, logs and leaves behind no value, whatever the command and however it ends', async () => {
  expect(needles.length).toBeGreaterThan(100);
  const { found } = await search(needles);
  expect(found).toEqual([]);
});

it('gives away no master key', async () => {
  const keys = ['client.key', 'other.key'].map((name) => product.read(name).toString().trim());
  const { found } = await search(keys.flatMap((text) => [text, Buffer.from(text, 'base64url')]));
  expect(found).toEqual([]);
});

it('looked at something: a partial output, a backup, an audit log, and what was printed', async () => {
  const { files } = await search(['never-to-be-found']);
  for (const part of ['big.tok.csv', 'vault.backup', 'keys.bundle', 'audit', 'map.csv', 'erased.json', 'scanned.yml']) {
    expect(
      files.some((name) => name.includes(part)),
      part,
    ).toBe(true);
  }
  expect(product.printed.join('').length).toBeGreaterThan(10_000);
  expect(ran.length).toBeGreaterThan(25);
  expect(readFileSync(join(product.folder, 'back.csv'), 'utf8')).toContain('Brasbyfield');
});

it('finds a value that is planted on purpose', async () => {
  product.write('leak.txt', needlesOf('Hieronymus   Blatherwick').join(' '));
  product.printed.push('a line with Wilhelmina');
  const { found } = await search(['Blatherwick', 'Wilhelmina']);
  expect(new Set(found.map(({ place }) => place))).toEqual(new Set(['files', 'output']));
});
