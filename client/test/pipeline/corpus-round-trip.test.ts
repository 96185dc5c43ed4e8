import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateMasterKeyText } from '@sdp/shared/crypto';
import { SdpError } from '@sdp/shared/errors';
import { isToken } from '@sdp/shared/tokenization';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasTestData } from '../../../test/support/test-data.ts';
import { loadMasterKey } from '../../src/keys/index.ts';
import { columnEdits } from '../../src/pipeline/column-edits.ts';
import { openVault, type Vault } from '../../src/vault/index.ts';
import { readTable, rewriteBytes } from '../support/csv-bytes.ts';
import { csvCorpus } from '../support/csv-corpus.ts';
import { temporaryFolder } from '../support/run-command.ts';
import { runSdp } from '../support/run-program.ts';

const env = { SDP_CRYPTO_KEY: generateMasterKeyText() };
const folder = temporaryFolder();
afterAll(() => folder.remove());

describe.skipIf(!hasTestData('csv-csvkit'))('every CSV file of the test data (skipped without ../shared/data)', () => {
  let vault: Vault;
  beforeAll(async () => {
    vault = await openVault({
      path: join(folder.path, 'all.db'),
      masterKey: await loadMasterKey({ env, cwd: folder.path }),
      create: true,
    });
  });
  afterAll(() => vault.close());

  it('comes back byte for byte with all its columns tokenized, or is refused', async () => {
    const tokenized: { name: string; bytes: Buffer; tokens: Buffer; width: number }[] = [];
    const refused: Record<string, number> = {};
    for (const { name, bytes } of csvCorpus()) {
      try {
        const rulesOf = (header: readonly string[]) =>
          header.map((column, index) => ({
            name: column,
            index,
            method: 'token' as const,
            namespace: 'corpus',
          }));
        const out = await rewriteBytes(bytes, (header) => ({ edits: columnEdits(rulesOf(header), vault).edits }));
        tokenized.push({ name, bytes, tokens: out.bytes, width: out.header.length });
      } catch (error) {
        if (!(error instanceof SdpError)) throw error;
        expect(error.kind).toBe('input');
        refused[error.code] = (refused[error.code] ?? 0) + 1;
      }
    }
    await vault.flush();
    const reveal = vault.revealer(['corpus']);
    let cells = 0;
    for (const { name, bytes, tokens, width } of tokenized) {
      const [, ...rows] = await readTable(tokens);
      for (const row of rows) for (const cell of row) if (cell !== '' && !isToken(cell)) throw new Error(name);
      cells += rows.length * width;
      const edits = Array.from({ length: width }, (_, index) => ({ index, replace: reveal }));
      const back = await rewriteBytes(tokens, { edits, restores: true });
      if (!back.bytes.equals(bytes)) throw new Error(`${name} came back otherwise`);
    }
    expect(tokenized.length).toBeGreaterThan(350);
    expect(cells).toBeGreaterThan(100_000);
    expect(Object.keys(refused).toSorted()).toEqual(['csv-empty', 'csv-encoding', 'csv-quote', 'csv-ragged']);
  }, 300_000);

  it('comes back through the program with its first column tokenized, or leaves no output', async () => {
    const outcomes = { returned: 0, refused: 0 };
    for (const { name, bytes } of csvCorpus()) {
      // The command names columns, so it needs one that has a name of its own; one file in twelve is enough here.
      if (bytes.length > 100_000 || name.length % 12 !== 0) continue;
      const header = (await readTable(bytes).catch(() => [['x']]))[0] ?? [];
      const column = header[0] ?? '';
      const at = join(folder.path, 'run');
      writeFileSync(`${at}.csv`, bytes);
      const there = await runSdp(
        ['tokenize-csv', '--input', `${at}.csv`, '--output', `${at}.tok`, '--source-table', 't', `--column=${column}`],
        { cwd: folder.path, env },
      );
      const files = () => readdirSync(folder.path).filter((file) => file.startsWith('run.') || file.startsWith('.run'));
      if (there.status !== 0) {
        expect(there.stderr).toMatch(/^sdp: error: .+\n(?: {2}.+\n)*sdp: hint: .+\n$/);
        expect({ name, status: there.status, files: files() }).toEqual({ name, status: 4, files: ['run.csv'] });
        outcomes.refused++;
        continue;
      }
      const back = await runSdp(['detokenize', '--input', `${at}.tok`, '--output', `${at}.back`, '--reason', 'test'], {
        cwd: folder.path,
        env,
      });
      expect({ name, status: back.status, stderr: back.status === 0 ? '' : back.stderr }).toEqual({
        name,
        status: 0,
        stderr: '',
      });
      expect(readFileSync(`${at}.back`).equals(bytes)).toBe(true);
      outcomes.returned++;
      for (const suffix of ['tok', 'tok.manifest.json', 'back']) rmSync(`${at}.${suffix}`);
    }
    expect(outcomes.returned).toBeGreaterThan(15);
    expect(outcomes.refused).toBeGreaterThan(2);
  }, 300_000);
});
