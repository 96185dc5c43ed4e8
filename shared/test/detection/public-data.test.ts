import { readdirSync, readFileSync, statSync } from 'node:fs';
import { type ColumnFinding, createColumnScanner, type PiiKind, scanAll, scanCell } from '@sdp/shared/detection';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { hasTestData, readTestJson, testDataPath } from '../../../test/support/test-data.ts';

interface Case {
  readonly text: string;
  readonly entities: readonly string[];
  readonly expected_len: number;
}

describe.skipIf(!hasTestData('pii-presidio-recognizer-cases'))('shared data: pii-presidio-recognizer-cases', () => {
  const cases = () =>
    readFileSync(testDataPath('pii-presidio-recognizer-cases/cases.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Case);

  /** Texts of one entity that were found, missed, and texts of others in which it was found. */
  function measure(entity: string, kind: PiiKind) {
    const tally = { found: 0, missed: [] as string[], false: [] as string[] };
    for (const { text, entities, expected_len } of cases()) {
      const wanted = entities.includes(entity) && expected_len > 0;
      const got = scanAll(text).some((finding) => finding.kind === kind);
      if (wanted && got) tally.found += 1;
      else if (wanted) tally.missed.push(text);
      else if (got) tally.false.push(text);
    }
    const precision = tally.found / (tally.found + tally.false.length);
    return { ...tally, precision, recall: tally.found / (tally.found + tally.missed.length) };
  }

  test('telephone numbers: precision and recall of at least 0.95', () => {
    const { precision, recall } = measure('PHONE_NUMBER', 'phone');
    expect(precision).toBeGreaterThanOrEqual(0.95);
    expect(recall).toBeGreaterThanOrEqual(0.95);
  });

  test('US social security numbers: all that are written with separators, and no others', () => {
    const { precision, missed } = measure('US_SSN', 'us-ssn');
    expect(precision).toBe(1);
    // Bare digits, and digits with one separator, are numbers like any other; a column of them is evidence.
    for (const text of missed) expect(text).not.toMatch(/\d{3}([-. ])\d{2}\1\d{4}/);
    expect(missed).toHaveLength(2);
  });
});

describe.skipIf(!hasTestData('json-schema-formats'))('shared data: json-schema-formats', () => {
  test('every valid e-mail address is found', () => {
    const groups = readTestJson('json-schema-formats/tests/draft2020-12/optional/format/email.json') as {
      tests: { data: unknown; valid: boolean }[];
    }[];
    const valid = groups
      .flatMap(({ tests }) => tests)
      .flatMap(({ data, valid }) => (valid && typeof data === 'string' ? [data] : []));
    expect(valid.length).toBeGreaterThan(5);
    for (const address of valid) expect([address, scanCell(address)?.kind]).toEqual([address, 'email']);
  });
});

interface Label {
  readonly encoding: string;
  readonly delimiter: string;
  readonly has_header: boolean;
  readonly columns: readonly { index: number; header: string | null; type: string }[];
}

function scanTable(rows: readonly (readonly string[])[], names: readonly string[]): ColumnFinding[] {
  const scanner = createColumnScanner(names);
  rows.forEach((cells, at) => {
    cells.forEach((cell, index) => {
      if (index < names.length) scanner.scan(index, at + 1, cell);
    });
  });
  return scanner.findings();
}

const lenient = { relax_column_count: true, relax_quotes: true, bom: true };

describe.skipIf(!hasTestData('labels/pii_column_labels.json'))('shared data: pii-*', () => {
  const kinds: Readonly<Record<string, PiiKind>> = { email: 'email', phone: 'phone', credit_card: 'payment-card' };
  const files = () =>
    Object.entries((readTestJson('labels/pii_column_labels.json') as { files: Record<string, Label> }).files);

  test('every column labelled e-mail, phone, card or SSN is caught', () => {
    let columns = 0;
    for (const [file, label] of files()) {
      const bytes = readFileSync(testDataPath(file));
      const text = bytes.toString(label.encoding === 'utf-8' ? 'utf8' : 'latin1');
      const rows = parse(text, { ...lenient, delimiter: label.delimiter }) as string[][];
      const names = label.has_header ? (rows.shift() ?? []) : label.columns.map(({ index }) => `c${index}`);
      const findings = scanTable(rows, names);
      for (const { index, header, type } of label.columns) {
        const kind = /^ssn$/i.test(header?.trim() ?? '') ? 'us-ssn' : kinds[type];
        if (kind === undefined) continue;
        columns += 1;
        const caught = findings.some((finding) => finding.columnIndex === index && finding.kind === kind);
        expect([file, header, caught]).toEqual([file, header, true]);
      }
    }
    expect(columns).toBeGreaterThan(25);
  });
});

const numericFolders = [
  ...[
    'credit-german',
    'credit-hmeq',
    'credit-telco-churn',
    'credit-uci-default',
    'fraud-paysim-3k',
    'fraud-paysim-50k',
  ],
  ...['anom-adbench-csv', 'anom-adrepository', 'anom-nab', 'anon-pycanon', 'anon-arx-adult', 'anon-anjana'],
];

/** All CSV files under a folder. */
function* csvFiles(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = `${folder}/${name}`;
    if (statSync(path).isDirectory()) yield* csvFiles(path);
    else if (name.endsWith('.csv')) yield path;
  }
}

describe('no false alarm in numbers', () => {
  test.each(numericFolders)('shared data: %s', (folder) => {
    if (!hasTestData(folder)) return;
    for (const path of csvFiles(testDataPath(folder))) {
      const text = readFileSync(path, 'utf8');
      const head = text.slice(0, 2_000);
      const delimiter = [',', ';', '\t'].reduce((best, next) =>
        head.split(next).length > head.split(best).length ? next : best,
      );
      const [names = [], ...rows] = parse(text, { ...lenient, delimiter, to: 60_000 }) as string[][];
      expect([path, scanTable(rows, names)]).toEqual([path, []]);
    }
  });
});
