// Carries out the frequency analysis that tokenizing warns of: node --conditions=sdp-source scripts/measure-frequency.ts
//
// The rows of a public table are shuffled and cut in two. One half is tokenized; of the other only the frequencies of its
// values are known, as they might be from a statistic. Both are put in order and matched.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { frequencyMeter } from '@sdp/shared/tokenization';
import { parse } from 'csv-parse/sync';
import { hasTestData, testDataFolder, testDataPath } from '../test/support/test-data.ts';

const tables = [
  ['anon-arx-adult/adult.csv', ';', ['sex', 'race', 'native-country', 'education', 'occupation', 'age']],
  ['fraud-paysim-50k/paysim_sample.csv', ',', ['type', 'nameDest']],
  ['pii-febrl/dataset4a.csv', ',', ['state', 'surname', 'suburb', 'postcode', 'date_of_birth', 'soc_sec_id']],
] as const;

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const report: Record<string, object> = {};
for (const [file, delimiter, columns] of tables) {
  if (!hasTestData(file)) {
    console.log(`${file}: skipped, there is no test data in ${testDataFolder}`);
    continue;
  }
  const rows: Record<string, string>[] = parse(readFileSync(testDataPath(file)), {
    columns: (header: string[]) => header.map((name) => name.trim()),
    delimiter,
    trim: true,
  });
  for (const column of columns) report[`${file.split('/')[0]} ${column}`] = attack(shuffled(rows), column);
}
console.table(report);

function attack(rows: readonly Record<string, string>[], column: string) {
  const values = rows.map((row) => row[column] ?? '').filter((value) => value !== '');
  const half = Math.ceil(values.length / 2);
  const secret = values.slice(0, half);
  const tokens = secret.map((value) => createHmac('sha256', 'a key').update(value).digest('hex'));
  const known = byFrequency(values.slice(half));
  const guesses = new Map(byFrequency(tokens).map((token, rank) => [token, known[rank]]));
  const right = secret.filter((value, at) => guesses.get(tokens[at] as string) === value).length;
  const meter = frequencyMeter();
  for (const token of tokens) meter.add(token);
  const { distinct, exposedShare, verdict } = meter.report();
  return {
    cells: secret.length,
    'different values': distinct,
    'turned back': percent(right / secret.length),
    estimated: percent(exposedShare),
    verdict,
  };
}

function byFrequency(values: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a).map(([value]) => value);
}

/** In an order that is the same each time: by a hash of the place. */
function shuffled<T>(rows: readonly T[]): T[] {
  return rows
    .map((row, at) => ({ row, order: createHmac('sha256', 'order').update(String(at)).digest('hex') }))
    .toSorted((a, b) => (a.order < b.order ? -1 : 1))
    .map(({ row }) => row);
}
