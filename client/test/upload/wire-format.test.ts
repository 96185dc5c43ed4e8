import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type UploadBench, uploadBench } from '../support/upload-bench.ts';

let bench: UploadBench;

beforeEach(async () => {
  bench = await uploadBench();
});

afterEach(async () => {
  await bench.close();
});

const declared = ['--declare', 'id=keep', '--declare', 'text=keep'];

function otherFile(bytes: string | Buffer): string {
  const path = `${bench.folder}/other.csv`;
  writeFileSync(path, bytes);
  return path;
}

const sentBody = () => bench.server.requests.find(({ path }) => path === '/api/v1/process')?.body;

describe('what travels is RFC 4180 in UTF-8, whatever the file looks like', () => {
  const text = 'id;text\n1;"a ""quoted"", b"\n2;"two\nlines"\n3; ü€ \n\n4;\n';
  const wire = 'id,text\r\n1,"a ""quoted"", b"\r\n2,"two\nlines"\r\n3, ü€ \r\n4,\r\n';
  test.each<[string, string | Buffer, readonly string[]]>([
    ['semicolons', text, []],
    ['a byte order mark', `\ufeff${text}`, []],
    ['UTF-16', Buffer.from(`\ufeff${text}`, 'utf16le'), []],
    ['CRLF', text.replaceAll('\n', '\r\n').replace('two\r\nlines', 'two\nlines'), []],
    ['tabs', text.replaceAll(';', '\t'), ['--delimiter', 'tab']],
  ])('%s', async (_name, bytes, argv) => {
    const run = await bench.upload(['--file', otherFile(bytes), ...declared, ...argv]);
    expect(run.error).toBeUndefined();
    expect(sentBody()).toBe(wire);
  });

  test('Latin-1', async () => {
    const path = otherFile(Buffer.from('id;text\n1;für\n', 'latin1'));
    expect((await bench.upload(['--file', path, ...declared])).error?.code).toBe('csv-encoding');
    expect((await bench.upload(['--file', path, ...declared, '--encoding', 'latin1'])).error).toBeUndefined();
    expect(sentBody()).toBe('id,text\r\n1,für\r\n');
  });

  test('a single column with an empty cell does not become a blank line', async () => {
    const run = await bench.upload(['--file', otherFile('id\n1\n""\n2\n'), '--declare', 'id=keep', '--delimiter', ',']);
    expect(run.error).toBeUndefined();
    expect(sentBody()).toBe('id\r\n1\r\n""\r\n2\r\n');
  });
});

test.each(['zstd', 'gzip', 'none'] as const)('the same bytes arrive with --compression %s', async (compression) => {
  const run = await bench.upload(['--compression', compression]);
  expect(run.error).toBeUndefined();
  const request = bench.server.requests.find(({ path }) => path === '/api/v1/process');
  expect(request?.headers['content-encoding']).toBe(compression === 'none' ? undefined : compression);
  expect(request?.body).toBe(readFileSync(bench.fixture.tokenizedPath, 'utf8').replaceAll('\n', '\r\n'));
});

test('the best encoding that the server takes is chosen, another is refused', async () => {
  const plain = await uploadBench({ info: { content_encodings: ['gzip'] } });
  try {
    expect((await plain.upload(['--compression', 'zstd'])).error?.code).toBe('media-type-unsupported');
    expect((await plain.upload()).error).toBeUndefined();
    expect(plain.server.requests.at(-1)?.headers['content-encoding']).toBe('gzip');
  } finally {
    await plain.close();
  }
});

describe('metadata', () => {
  test('travels in headers, percent-encoded, and not in the address', async () => {
    const path = otherFile('schlüssel,text\n1,2\n');
    await bench.upload([
      ...['--file', path, '--processing-type', 'anonymization', '--key-column', 'schlüssel', '--declare', 'text=keep'],
      ...['--param', 'k=2', '--param', 'quasi_identifiers=["text"]', '--declare-safe', 'text'],
    ]);
    const [stored] = bench.server.batches;
    expect(stored?.batch).toMatchObject({ key_column: 'schlüssel', declared_safe: ['text'] });
    expect(stored?.params).toEqual({ k: 2, quasi_identifiers: ['text'] });
  });

  test('says of which table the file is, by its manifest or as it was told', async () => {
    await bench.upload();
    await bench.upload(['--source-table', 'Kunden 2026']);
    expect(bench.server.batches.map(({ batch }) => batch.source_table)).toEqual(['customers', 'Kunden 2026']);
  });

  test('a very wide file fits into the headers all the same', async () => {
    const names = Array.from({ length: 2_000 }, (_, index) => `a_rather_long_column_name_${index}`);
    const path = otherFile(`${names.join(',')}\n${names.map(() => '1').join(',')}\n`);
    const run = await bench.upload(['--file', path, '--declare', `${names[0]}=keep`]);
    expect(run.error).toBeUndefined();
    expect(bench.server.batches[0]?.batch.columns).toHaveLength(2_000);
  });
});

test('stdin is sent too; its receipt goes to the current folder', async () => {
  const run = await bench.upload(['--file', '-', '--declare', 'a=keep'], {}, 'a,b\n1,2\n');
  expect(run.error).toBeUndefined();
  expect(run.json['receipt']).toBe(`${bench.folder}/${run.json['batch_id']}.receipt.json`);
});

describe('waiting', () => {
  test('a failed batch is an error with its reason; the receipt stays', async () => {
    const failing = await uploadBench({ failure: { code: 'batch-unprocessable', message: 'no numeric column' } });
    try {
      const run = await failing.upload(['--wait']);
      expect(run.error).toMatchObject({ code: 'batch-failed', exitStatus: 8 });
      expect(run.error?.message).toContain('no numeric column');
      expect(readFileSync(`${failing.fixture.tokenizedPath}.receipt.json`, 'utf8')).toContain('batch_id');
    } finally {
      await failing.close();
    }
  });

  test('so is one whose data is not as the server expects, with a code of its own', async () => {
    const reason = { code: 'batch-quarantined', message: '1 of 3 expectations of the table failed' };
    const failing = await uploadBench({ failure: reason });
    try {
      const run = await failing.upload(['--wait']);
      expect(run.error).toMatchObject({ code: 'batch-quarantined', exitStatus: 8 });
      expect(run.error?.message).toContain('1 of 3 expectations');
    } finally {
      await failing.close();
    }
  });

  test('a batch that takes longer than --timeout', async () => {
    const slow = await uploadBench({ pollsUntilProcessed: 1_000 });
    try {
      expect((await slow.upload(['--wait', '--timeout', '0.3'])).error?.code).toBe('wait-timeout');
    } finally {
      await slow.close();
    }
  });
});

test('two batches of one file keep their receipts', async () => {
  const first = await bench.upload();
  const second = await bench.upload(['--processing-type', 'anomaly_detection']);
  expect(second.json['receipt']).not.toBe(first.json['receipt']);
  for (const { json } of [first, second]) {
    const merged = await bench.integrate(String(json['batch_id']), ['--strict']);
    expect(merged.error).toBeUndefined();
  }
});
