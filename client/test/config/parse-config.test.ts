import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SdpError } from '@sdp/shared/errors';
import { describe, expect, it } from 'vitest';
import { parseConfig, readConfig } from '../../src/config/index.ts';
import { planConfiguredColumns } from '../../src/pipeline/index.ts';

const root = resolve(import.meta.dirname, '../../..');

/** `line:column field: message` of every finding. */
function findingsOf(text: string): string[] {
  try {
    parseConfig(text);
  } catch (error) {
    const { code, details } = error as SdpError;
    expect(code).toBe('config-invalid');
    return (details.findings ?? []).map(
      ({ line, column, field, message }) => `${line}:${column}${field === undefined ? '' : ` ${field}`}: ${message}`,
    );
  }
  return [];
}

describe('parseConfig', () => {
  it('reads short and long forms', () => {
    const config = parseConfig(`
source_table: customers
key_column: id
default: keep
columns:
  id: { method: token, namespace: customers.id }
  email: token
  card: { method: mask, keep_first: 2, keep_last: 3 }
  2024: hash
  "": drop
`);
    expect({ ...config, columns: Object.fromEntries(config.columns) }).toEqual({
      sourceTable: 'customers',
      keyColumn: 'id',
      default: 'keep',
      strict: false,
      columns: {
        id: { method: 'token', namespace: 'customers.id' },
        email: { method: 'token' },
        card: { method: 'mask', keepFirst: 2, keepLast: 3 },
        2024: { method: 'hash' },
        '': { method: 'drop' },
      },
    });
  });

  it('follows aliases', () => {
    const config = parseConfig('source_table: t\ncolumns:\n  a: &id { method: token, namespace: n }\n  b: *id\n');
    expect(config.columns.get('b')).toEqual({ method: 'token', namespace: 'n' });
  });

  it.each([
    ['', ['1:1: the file must be a map with source_table and columns']],
    ['- a\n', ['1:1: the file must be a map with source_table and columns']],
    ['source_table: t\n', ['1:1: columns is missing']],
    ['source_table: t\ncolumns: {}\n', ['2:10 columns: must map at least one column name to its method']],
    ['source_table: t\ncolumns: { a: drop }\n', ['2:10 columns: at least one column must stay']],
    ['source_table: [t]\ncolumns: { a: token }\n', ['1:15 source_table: must be a text of 1 to 128 characters']],
    ['source_table: t\nsource_table: u\ncolumns: { a: token }\n', ['2:1: this key stands here a second time']],
    ['source_table: t\ncolumns: { a: token, a: keep }\n', ['2:22: this key stands here a second time']],
    [
      'source_table: t\ncolumns: { a: { mehtod: token } }\n',
      ['2:12 columns.a: method is missing', '2:17 columns.a: unknown option; did you mean method?'],
    ],
    [
      'source_table: t\ncolumns: { a: { method: mask, keep_last: 1.5 } }\n',
      ['2:42 columns.a.keep_last: must be a whole number from 0 to 1000'],
    ],
    [
      'source_table: t\nkey_column: a\ncolumns: { a: redact }\n',
      [
        '2:13 key_column: the key column must tell rows apart: its method must be one of token, hash, email, fpe, card, keep',
      ],
    ],
    ['source_table: "t\n', ['2:1: a character is missing: a quote, bracket or colon']],
    ['source_table: t\ncolumns: { a: *nothing, b: keep }\n', ['2:15: the alias refers to nothing']],
  ])('lists what is wrong in %j', (text, findings) => {
    expect(findingsOf(text)).toEqual(findings);
  });

  it('quotes nothing of the file', () => {
    const secret = 'hunter2';
    const text = `source_table: t\n${secret}: ${secret}\ncolumns: { ${secret}: ${secret}, b: [${secret}] }\nx: "${secret}`;
    const said = findingsOf(text).map((finding) => finding.replace(/columns\.\S+/g, ''));
    expect(said.length).toBeGreaterThan(0);
    expect(said.join('\n')).not.toContain(secret);
  });

  it('lets single columns be dropped, but not all that a file has', () => {
    const config = parseConfig('source_table: t\ndefault: keep\ncolumns: { a: drop, b: drop }\n');
    expect(planConfiguredColumns(config)(['a', 'b', 'c']).map(({ method }) => method)).toEqual([
      'drop',
      'drop',
      'keep',
    ]);
    expect(() => planConfiguredColumns(config)(['a', 'b'])).toThrow(/drops every column/);
  });
});

describe('configs/customers_tokenization.yml', () => {
  it('treats every column of data-samples/customers_raw.csv, and names no other', async () => {
    const config = await readConfig(resolve(root, 'configs/customers_tokenization.yml'));
    const header = (
      readFileSync(resolve(root, 'data-samples/customers_raw.csv'), 'utf8').split(/\r?\n/)[0] ?? ''
    ).split(',');
    const rules = planConfiguredColumns(config)(header);
    expect(rules.length).toBe(header.length);
    expect(config).toMatchObject({ sourceTable: 'customers', keyColumn: 'customer_id', default: 'error' });
    const byMethod = Map.groupBy(rules, ({ method }) => method);
    expect(byMethod.get('token')?.map(({ name }) => name)).toEqual([
      'customer_id',
      'full_name',
      'email',
      'phone',
      'national_id',
      'card_number',
      'iban',
    ]);
    expect(rules[0]).toMatchObject({ namespace: 'customers.id' });
    expect(rules[1]).toMatchObject({ namespace: 'customers.full_name' });
    expect(byMethod.get('hash')?.map(({ name }) => name)).toEqual(['date_of_birth']);
    expect(byMethod.get('mask')?.map(({ name }) => name)).toEqual(['postal_code']);
  });
});
