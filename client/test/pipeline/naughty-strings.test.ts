import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateMasterKeyText } from '@sdp/shared/crypto';
import { isToken } from '@sdp/shared/tokenization';
import { afterAll, describe, expect, it } from 'vitest';
import { hasTestData, readTestJson } from '../../../test/support/test-data.ts';
import { readTable } from '../support/csv-bytes.ts';
import { temporaryFolder } from '../support/run-command.ts';
import { runSdp } from '../support/run-program.ts';

const env = { SDP_CRYPTO_KEY: generateMasterKeyText() };
const folder = temporaryFolder();
afterAll(() => folder.remove());

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

describe.skipIf(!hasTestData('json-blns'))('naughty strings (skipped without ../shared/data)', () => {
  const strings = hasTestData('json-blns') ? (readTestJson('json-blns', 'blns.json') as string[]) : [];

  it.each(['utf8', 'utf16le'] as const)('come back byte for byte as cells of a file in %s', async (encoding) => {
    const rows = strings.map((text, row) => `${row},${quoted(text)},${text.replace(/[",\r\n]/g, '')}\r\n`);
    const bytes = Buffer.from(`\ufeffid,"quoted",bare\r\n${rows.join('')}`, encoding);
    writeFileSync(join(folder.path, 'in.csv'), bytes);
    const columns = ['--column', 'quoted', '--column', 'bare'];
    const options = { cwd: folder.path, env };
    const there = await runSdp(
      ['tokenize-csv', '--input', 'in.csv', '--output', 'out.csv', '--source-table', encoding, ...columns],
      options,
    );
    expect(there.status, there.stderr).toBe(0);
    const [, ...tokenized] = await readTable(readFileSync(join(folder.path, 'out.csv')));
    expect(tokenized.length).toBe(strings.length);
    for (const [, first = '', second = ''] of tokenized) {
      expect([first, second].every((cell) => cell === '' || isToken(cell))).toBe(true);
    }
    const back = await runSdp(
      ['detokenize', '--input', 'out.csv', '--output', 'back.csv', '--reason', 'test'],
      options,
    );
    expect(back.status, back.stderr).toBe(0);
    expect(readFileSync(join(folder.path, 'back.csv')).equals(bytes)).toBe(true);
    expect(strings.length).toBeGreaterThan(400);
  });

  it('as names of columns and tables do not reach the terminal raw', async () => {
    const names = strings.filter((text) => text !== '' && text === text.toWellFormed());
    writeFileSync(join(folder.path, 'names.csv'), `id,${names.map(quoted).join(',')}\n1${',x'.repeat(names.length)}\n`);
    const run = await runSdp(
      [
        'tokenize-csv',
        '--input',
        'names.csv',
        '--output',
        'named.csv',
        '--source-table',
        't',
        '--column',
        'id',
        '--json',
      ],
      { cwd: folder.path, env },
    );
    expect(run.status, run.stderr).toBe(0);
    const columns = run.json()['columns'] as { name: string }[];
    expect(columns.map(({ name }) => name)).toEqual(['id', ...names]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    expect(run.stdout.toString('utf8')).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f]/);
  });
});
