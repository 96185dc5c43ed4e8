import { join } from 'node:path';
import { parseMasterKey } from '@sdp/shared/crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/index.ts';
import { rewriteCsv } from '../../src/csv/index.ts';
import { generateMasterKeyText } from '../../src/keys/index.ts';
import { columnEdits, describeColumns, planConfiguredColumns } from '../../src/pipeline/index.ts';
import { guessJoinKey, joinKeyOf } from '../../src/results/index.ts';
import { openVault, type Vault } from '../../src/vault/index.ts';
import { temporaryFolder } from '../support/run-command.ts';

const folder = temporaryFolder();
const options = { path: join(folder.path, 'vault.db'), masterKey: parseMasterKey(generateMasterKeyText()) };
const keys = [
  'Ann@Example.com',
  ' ann@example.com',
  'NULL',
  '4242424242424242',
  '4000 0000 0000 0002',
  '12',
  '',
  '0712',
];
let reading: Vault;

/** The keys as a run writes them, and what the receipt says of their column. */
async function uploaded(columns: string) {
  const vault = await openVault({ ...options, create: true });
  try {
    const config = parseConfig(`source_table: t\nnull_markers: [NULL]\ncolumns:\n  id: ${columns}`);
    const out: Buffer[] = [];
    let described = describeColumns([]);
    const bytes = Buffer.from(['id', ...keys.map((key) => `"${key}"`)].join('\n'));
    await rewriteCsv(
      (async function* () {
        yield bytes;
      })(),
      { write: async (part) => void out.push(Buffer.from(part)) },
      (header) => {
        const rules = planConfiguredColumns(config)(header);
        described = describeColumns(rules);
        return { edits: columnEdits(rules, vault).edits };
      },
    );
    await vault.flush();
    const [, ...cells] = Buffer.concat(out).toString().split('\n');
    const [column] = described.columns;
    if (column === undefined) throw new Error('no column');
    const { index: _, ...receiptColumn } = column;
    return { column: receiptColumn, results: cells.map((cell) => cell.replaceAll('"', '')) };
  } finally {
    await vault.close();
  }
}

beforeAll(async () => {
  await (await openVault({ ...options, create: true })).close();
  reading = await openVault({ ...options, readOnly: true });
});
afterAll(async () => {
  await reading.close();
  folder.remove();
});

describe('the key of a raw row', () => {
  it.each([
    'keep',
    '{ method: token, namespace: a }',
    '{ method: token, namespace: b, canonical: [trim, lower] }',
    '{ method: hash, namespace: c }',
    '{ method: hash, namespace: d, canonical: [trim, lower] }',
    '{ method: email, namespace: e }',
    '{ method: email, namespace: f, keep_domain: true, canonical: [trim, lower] }',
    '{ method: fpe, namespace: g, on_invalid: token }',
    '{ method: fpe, namespace: h, alphabet: alphanumeric, on_invalid: token }',
    '{ method: card, namespace: i, on_invalid: token }',
    '{ method: card, namespace: j, keep_first: 6, on_invalid: token }',
  ])('is found again under %s, without writing to the vault', async (columns) => {
    const { column, results } = await uploaded(columns);
    const joinKey = joinKeyOf(column, () => reading, []);
    expect(keys.map(joinKey)).toEqual(results);
    expect(results).toContain('NULL');
  });

  it('finds a card’s surrogate that was not its first choice', async () => {
    const { column } = await uploaded('{ method: card, namespace: k, on_invalid: token }');
    const second = {
      ...reading,
      keyed: (namespace: string) => reading.keyed(namespace),
      // The first proposal belongs to another value.
      surrogateRevealer: () => {
        let asked = 0;
        return () => (asked++ === 0 ? 'another' : '4242424242424242') as never;
      },
    };
    const first = joinKeyOf(column, () => reading, [])('4242424242424242');
    expect(joinKeyOf(column, () => second, [])('4242424242424242')).toMatch(/^99\d{10}4242$/);
    expect(joinKeyOf(column, () => second, [])('4242424242424242')).not.toBe(first);
  });

  it('is guessed without a receipt, canonical form and domain included', async () => {
    for (const columns of [
      '{ method: token, namespace: l, canonical: [trim, lower] }',
      '{ method: email, namespace: m, canonical: [trim, lower] }',
      '{ method: email, namespace: n, keep_domain: true }',
    ]) {
      const { results } = await uploaded(columns);
      expect(guessJoinKey(reading, results)('Ann@Example.com'), columns).toBe(results[0]);
    }
    expect(guessJoinKey(reading, ['1', '2'])('1')).toBe('1');
    expect(guessJoinKey(undefined, ['1'])('1')).toBe('1');
  });

  it.each(['random', 'redact', 'mask', 'text', 'date-shift', 'bucket'] as const)(
    'cannot be found under %s',
    (method) => {
      expect(() => joinKeyOf({ name: 'id', method, namespace: 'x' }, () => reading, [])).toThrow(
        'keeps no way to join',
      );
    },
  );
});
