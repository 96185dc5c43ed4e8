import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { keyFingerprint, parseMasterKey } from '@sdp/shared/crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { generateMasterKeyText } from '../../src/keys/index.ts';
import { manifestPathFor } from '../../src/manifest/index.ts';
import { customerColumns } from '../support/tokenized-file.ts';
import { type UploadBench, uploadBench } from '../support/upload-bench.ts';

let bench: UploadBench;

beforeEach(async () => {
  bench = await uploadBench();
});

afterEach(async () => {
  await bench.close();
});

const allSeen = (run: { stdout: string; stderr: string }) => run.stdout + run.stderr;

/** Writes a file of its own beside the bench's and gives its path. */
function otherFile(text: string): string {
  const path = `${bench.folder}/other.csv`;
  writeFileSync(path, text);
  return path;
}

describe('what never reaches the server', () => {
  test('raw personal data: every column is named with row and kind, no value is', async () => {
    const path = otherFile('id,a,b\n1,nothing,4111 1111 1111 1111\n2,jane@example.com,x\n3,joe@example.com,x\n');
    const run = await bench.upload([
      '--file',
      path,
      '--declare',
      'id=keep',
      '--declare',
      'a=keep',
      '--declare',
      'b=keep',
    ]);
    expect(run.error?.code).toBe('raw-pii-found');
    expect(run.error?.details.findings).toEqual([
      { field: 'a', row: 2, message: 'e-mail address, in 2 cells' },
      { field: 'b', row: 1, message: 'payment card number, proven by its checksum' },
    ]);
    expect(allSeen(run)).not.toMatch(/jane|example|4111/);
    expect(bench.server.requests).toHaveLength(0);
  });

  test('--declare-safe answers what nothing proves, and is recorded; it never answers a checksum', async () => {
    const path = otherFile('id,a\n1,jane@example.com\n');
    const declared = ['--file', path, '--declare', 'id=keep', '--declare', 'a=keep', '--declare-safe', 'a'];
    const answered = await bench.upload(declared);
    expect(answered.error).toBeUndefined();
    expect(bench.server.batches[0]?.batch.declared_safe).toEqual(['a']);
    writeFileSync(path, 'id,a\n1,4111111111111111\n');
    const proven = await bench.upload(declared);
    expect(proven.error?.code).toBe('raw-pii-found');
    expect(proven.error?.remedy).toContain('cannot answer');
  });

  test('a file without a header: the row that stands in for it is scanned, and its cells are not printed', async () => {
    const path = otherFile('jane@example.com,5\njoe@example.com,6\n');
    const run = await bench.upload(['--file', path, '--declare', 'jane@example.com=keep', '--declare', '5=keep']);
    expect(run.error?.code).toBe('raw-pii-found');
    expect(run.error?.details.findings?.[0]).toMatchObject({ field: 'column 1' });
    expect(allSeen(run)).not.toMatch(/jane|joe/);
  });

  test('a file with neither manifest nor declarations', async () => {
    rmSync(manifestPathFor(bench.fixture.tokenizedPath));
    const run = await bench.upload();
    expect(run.error?.code).toBe('columns-undeclared');
    expect(bench.server.requests).toHaveLength(0);
  });

  test('a raw file with neither: the finds are named, and nothing is sent', async () => {
    const run = await bench.upload(['--file', otherFile('id,mail\n1,none\n2,jane@example.com\n')]);
    expect(run.error?.code).toBe('raw-pii-found');
    expect(run.error?.details.findings).toMatchObject([{ field: 'mail', row: 2 }]);
    expect(bench.server.requests).toHaveLength(0);
    expect(allSeen(run)).not.toContain('jane');
  });

  test('text in a column that was left undeclared; numbers and tokens pass', async () => {
    const path = otherFile(`id,name,age,ref\n1,Jane Roe,31,tok_${'a'.repeat(32)}\n`);
    const run = await bench.upload(['--file', path, '--declare', 'id=keep']);
    expect(run.error?.code).toBe('columns-undeclared');
    expect(run.error?.details.findings).toEqual([{ field: 'name', row: 1, message: 'holds text and is not declared' }]);
    expect(allSeen(run)).not.toContain('Jane');
    const declared = await bench.upload(['--file', path, '--declare', 'name=keep']);
    expect(declared.error).toBeUndefined();
  });

  test('a raw value, and a token that the vault does not know, in a column declared as tokens', async () => {
    const path = otherFile(`id,name\n1,\n2,Jane\n`);
    const declared = ['--file', path, '--declare', 'id=keep', '--declare', 'name=token'];
    const raw = await bench.upload(declared);
    expect(raw.error?.code).toBe('raw-pii-found');
    expect(raw.error?.details).toMatchObject({ row: 2, column: 'name' });
    writeFileSync(path, `id,name\n1,\n2,tok_${'0'.repeat(32)}\n`);
    expect((await bench.upload(declared)).error?.code).toBe('raw-pii-found');
    expect(bench.server.requests).toHaveLength(0);
  });

  test('tokens of the vault pass under a declaration, without their manifest', async () => {
    rmSync(manifestPathFor(bench.fixture.tokenizedPath));
    const run = await bench.upload([
      ...['--declare', 'customer_id=token', '--declare', 'email=token', '--declare', 'note=keep'],
    ]);
    expect(run.error).toBeUndefined();
    expect(bench.server.batches[0]?.declaration).toMatchObject({ source: 'user' });
  });

  test('a file that was changed after it was tokenized', async () => {
    appendFileSync(bench.fixture.tokenizedPath, 'tok,tok,1,x\n');
    const run = await bench.upload();
    expect(run.error?.code).toBe('manifest-invalid');
    expect(bench.server.requests).toHaveLength(0);
  });

  test('a manifest that was changed: a column said to be tokenized', async () => {
    const path = manifestPathFor(bench.fixture.tokenizedPath);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"keep"', '"token"'));
    expect((await bench.upload()).error?.code).toBe('manifest-invalid');
  });

  test('columns that cannot be told apart, and a file without rows', async () => {
    const declared = ['--declare', 'a=keep'];
    expect((await bench.upload(['--file', otherFile('a,a\n1,2\n'), ...declared])).error?.code).toBe(
      'csv-column-ambiguous',
    );
    expect((await bench.upload(['--file', otherFile('a,b\n'), ...declared])).error?.code).toBe('csv-empty');
  });

  test('the file is exchanged between the check and the sending: the server never gets all of it', async () => {
    const text = readFileSync(bench.fixture.tokenizedPath, 'utf8');
    bench.server.faults.push((request) => {
      if (request.url?.endsWith('/server-info') === true) {
        writeFileSync(bench.fixture.tokenizedPath, text.replace('plain', 'alarm'));
      }
      return false;
    });
    const run = await bench.upload();
    expect(run.error?.code).toBe('manifest-invalid');
    expect(run.error?.message).toContain('while it was being sent');
    expect(bench.server.batches).toHaveLength(0);
  });
});

describe('servers that are not sent anything', () => {
  const refused = async (options: Parameters<typeof uploadBench>[0], argv: readonly string[] = []) => {
    const other = await uploadBench(options);
    try {
      const run = await other.upload(argv);
      expect(other.server.requests.map(({ path }) => path)).not.toContain('/api/v1/process');
      expect(readdirSync(other.folder).filter((name) => name.includes('receipt'))).toEqual([]);
      return run.error;
    } finally {
      await other.close();
    }
  };

  test('one that holds the client’s present key', async () => {
    const keyText = generateMasterKeyText();
    const shared = [keyFingerprint(parseMasterKey(keyText))];
    const other = await uploadBench({ info: { key_fingerprints: ['0'.repeat(64), ...shared] } });
    try {
      const path = `${other.folder}/numbers.csv`;
      writeFileSync(path, 'a,b\n1,2\n');
      const run = await other.upload(['--file', path, '--declare', 'a=keep'], {
        SDP_CRYPTO_KEY: keyText,
        SDP_VAULT: `${other.folder}/none.db`,
      });
      expect(run.error?.code).toBe('key-shared');
      expect(other.server.batches).toHaveLength(0);
    } finally {
      await other.close();
    }
  });

  test('one whose policy does not honour --declare-safe', async () => {
    const columns = customerColumns.map((column) =>
      column.name === 'note' ? { ...column, value: () => 'call (415) 555-0132' } : column,
    );
    const other = await uploadBench({ info: { declared_safe_allowed: false } }, { columns });
    try {
      const run = await other.upload(['--declare-safe', 'note']);
      expect(run.error).toMatchObject({ code: 'forbidden' });
      expect(other.server.batches).toHaveLength(0);
    } finally {
      await other.close();
    }
  });

  test('one that does not offer the processing type, belongs to another client or takes fewer records', async () => {
    expect((await refused({ info: { processing_types: ['anonymization'] } }))?.code).toBe('forbidden');
    expect((await refused({ info: { client_id: 'other' } }))?.code).toBe('forbidden');
    expect((await refused({ info: { max_records: 19 } }))?.code).toBe('payload-too-large');
  });

  test('one at a plain http address that is not this machine', async () => {
    for (const url of ['http://example.com', 'http://127.0.0.1.example.com:8081', 'http://[::2]', 'http://10.0.0.1']) {
      const run = await bench.upload(['--server-url', url]);
      expect(run.error?.code).toBe('transport-insecure');
    }
    expect((await bench.upload(['--server-url', 'https://user:secret@example.com'])).error?.code).toBe('usage-invalid');
  });
});

test('parameters that do not fit the processing type are all listed', async () => {
  const run = await bench.upload(['--processing-type', 'anonymization', '--param', 'k=1', '--param', 'x=y']);
  expect(run.error?.code).toBe('usage-invalid');
  expect(run.error?.details.findings?.length).toBeGreaterThanOrEqual(2);
  const unknown = await bench.upload([
    ...['--processing-type', 'anonymization', '--param', 'k=2', '--param', 'quasi_identifiers=age,zip'],
  ]);
  expect(unknown.error?.code).toBe('csv-column-unknown');
});
