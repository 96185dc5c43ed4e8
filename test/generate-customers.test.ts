import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { riskBands, type ScoringResult } from '@sdp/shared/contracts';
import { parse } from 'csv-parse/sync';
import { afterAll, describe, expect, test } from 'vitest';
import { loadOnnxModel, scoringProcessor } from '../server/src/scoring/index.ts';
import { runProcessor } from '../server/test/support/batch-input.ts';

const root = join(import.meta.dirname, '..');
const sample = readFileSync(join(root, 'data-samples', 'customers_raw.csv'));
const folder = mkdtempSync(join(tmpdir(), 'sdp-customers-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function generate(...options: string[]): Promise<string> {
  const script = join(root, 'scripts', 'generate-customers.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...options], { maxBuffer: 1 << 26 });
  return stdout;
}

function table(csv: string | Buffer): Record<string, string>[] {
  return parse(csv, { columns: true });
}

const distinct = (rows: readonly Record<string, string>[], column: string) =>
  new Set(rows.map((row) => row[column])).size;

describe('data-samples/customers_raw.csv', () => {
  const rows = table(sample);

  test('is what the generator makes, byte for byte', async () => {
    const file = join(folder, 'again.csv');
    await generate('--rows', '1000', '--out', file);
    expect(readFileSync(file).equals(sample)).toBe(true);
    expect(readdirSync(folder)).toEqual(['again.csv']);
  });

  test('has cells that CSV tools stumble over', () => {
    const cells = rows.flatMap(Object.values);
    for (const odd of [/,/, /"/, /\n/, /[^\x20-\x7e\n]/, /^$/, /'/])
      expect(cells.some((cell) => odd.test(cell))).toBe(true);
  });

  test('has card numbers and IBANs with right check digits, and nobody’s e-mail address or phone', () => {
    for (const row of rows) {
      expect(luhn(row['card_number'] ?? '')).toBe(true);
      expect(ibanRemainder(row['iban'] ?? '')).toBe(1);
      expect(row['national_id']).toMatch(/^8\d\d-(?!00)\d\d-(?!0000)\d{4}$/);
      expect(row['email']).toMatch(/^[a-z]+\.[a-z]+\.\d+@example\.(com|org|net)$/);
      expect(row['phone']).toMatch(
        /^(\+1 \d{3}-555-01\d\d|\+44 7700 900\d{3}|\+44 20 7946 0\d{3}|\+44 11\d 496 0\d{3})$/,
      );
    }
  });

  test('gets every status and every band from the shipped model', async () => {
    const model = await loadOnnxModel();
    const { results } = await runProcessor<'risk_scoring', ScoringResult>(scoringProcessor({ model }), {
      columns: Object.keys(rows[0] ?? {}),
      rows: rows.map((row) => Object.values(row)),
      params: {},
    });
    await model.close();
    expect(new Set(results.map(({ band }) => band))).toEqual(new Set([...riskBands, null]));
    const partly = results.filter(({ feature_coverage }) => feature_coverage > 0.5 && feature_coverage < 1);
    expect(partly.length).toBeGreaterThan(10);
  });
});

describe('data:generate', () => {
  test('gives distinct identifiers, as many as asked for', async () => {
    const all = table(await generate('--rows', '3000', '--columns', 'minimal'));
    const few = table(await generate('--rows', '3000', '--columns', 'minimal', '--distinct', '40'));
    for (const column of ['email', 'national_id', 'card_number']) {
      expect(distinct(all, column)).toBe(3_000);
      expect(distinct(few, column)).toBe(40);
    }
    expect(distinct(few, 'customer_id')).toBe(3_000);
  });

  test('makes other customers from another seed, and a longer file starts as a shorter one', async () => {
    const [short, long, other] = await Promise.all([
      generate('--rows', '50'),
      generate('--rows', '90'),
      generate('--rows', '50', '--seed', '2'),
    ]);
    expect(long?.startsWith(short ?? '-')).toBe(true);
    expect(other).not.toBe(short);
  });

  test.each([
    ['--rows', 'many'],
    ['--rows', '-1'],
    ['--columns', 'few'],
    ['--distinct', '0'],
  ])('refuses %s %s with a hint and status 2', async (option, value) => {
    await expect(generate(`${option}=${value}`)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('hint'),
    });
  });
});

function luhn(digits: string): boolean {
  const sum = Array.from(digits)
    .reverse()
    .map((digit, index) => Number(digit) * (1 + (index % 2)))
    .reduce((total, value) => total + (value > 9 ? value - 9 : value), 0);
  return digits.length === 16 && sum % 10 === 0;
}

/** 1 if the check digits are right (ISO 13616). */
function ibanRemainder(iban: string): number {
  const moved = iban.slice(4) + iban.slice(0, 4);
  const digits = moved.replaceAll(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
  return Array.from(digits).reduce((rest, digit) => (rest * 10 + Number(digit)) % 97, 0);
}
