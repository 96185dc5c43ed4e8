import { createSecretKey } from 'node:crypto';
import { aesEcbEncryptor, keyedDigest } from '@sdp/shared/crypto';
import {
  type AlphabetSpec,
  alphabetOf,
  bucketMethod,
  canonicalizer,
  cardMethod,
  createFf1,
  dateShift,
  fpeMethod,
  frequencyMeter,
} from '@sdp/shared/tokenization';
import { markdownTable, median, perSecond } from './measure.ts';

const key = createSecretKey(Buffer.from('values-bench-key-values-bench-key').subarray(0, 32));
const cipher = aesEcbEncryptor(key);
/** Values that the pipeline hands over at once. */
const batch = 4_096;

interface Subject {
  readonly name: string;
  readonly example: string;
  run(values: readonly string[]): void;
  valueAt(index: number): string;
}

/** The functions of the methods alone, on one core: without a vault, a file or a process around them. */
export async function benchValues(options: { values: number; runs: number }): Promise<string> {
  const rows: string[][] = [];
  for (const { name, example, run, valueAt } of subjects()) {
    const values = Array.from({ length: options.values }, (_, i) => flat(valueAt(i)));
    run(values.slice(0, 50_000));
    const times = Array.from({ length: options.runs }, () => {
      const started = performance.now();
      run(values);
      return performance.now() - started;
    });
    rows.push([name, `\`${example}\``, perSecond(values.length, median(times))]);
  }
  return markdownTable(['function', 'value', 'values/s, one core'], rows);
}

function subjects(): Subject[] {
  const hash = keyedDigest(key, 'card');
  const { candidate } = cardMethod({ digits: (value, attempt) => hash(`${attempt}:${value}`) });
  const shift = dateShift({ daysFor: () => 17 });
  const bucket = bucketMethod({ size: 10_000 });
  const text = canonicalizer({ steps: ['trim', 'lower', 'nfc'] });
  const phone = canonicalizer({ steps: ['trim', 'phone'], region: 'DE' });
  const each = (apply: (value: string) => unknown) => (values: readonly string[]) => {
    for (const value of values) apply(value);
  };
  const meter = (values: readonly string[]) => {
    const { add, report } = frequencyMeter();
    for (const value of values) add(value);
    report();
  };
  return [
    { name: 'FF1 alone, numerals in place', example: '16 digits', run: ff1Alone, valueAt: (i) => digits(i, 16) },
    {
      name: 'fpe, Luhn-valid results avoided',
      example: digits(1, 16),
      run: fpe('digits'),
      valueAt: (i) => digits(i, 16),
    },
    { name: 'fpe, digits', example: ssn(1), run: fpe('digits'), valueAt: ssn },
    { name: 'fpe, letters', example: name(1), run: fpe('letters'), valueAt: name },
    { name: 'fpe, alphanumeric', example: code(1), run: fpe('alphanumeric'), valueAt: code },
    { name: 'card', example: digits(1, 16), run: each((v) => candidate(v, 0)), valueAt: (i) => digits(i, 16) },
    { name: 'date-shift', example: date(1), run: each((v) => shift.apply(v, 'e')), valueAt: date },
    { name: 'bucket, numbers', example: '54321.25', run: each(bucket), valueAt: (i) => `${i % 90_000}.25` },
    {
      name: 'canonical: trim, lower, nfc',
      example: ' Anna Ibsen',
      run: each(text.apply),
      valueAt: (i) => ` Anna Ibsen ${i}`,
    },
    {
      name: 'canonical: phone',
      example: '0151 10000001',
      run: each(phone.apply),
      valueAt: (i) => `0151 ${10_000_000 + i}`,
    },
    { name: 'frequency meter, all different', example: ssn(1), run: meter, valueAt: ssn },
    { name: 'frequency meter, 1,000 different', example: ssn(1), run: meter, valueAt: (i) => ssn(i % 1_000) },
  ];
}

function fpe(spec: AlphabetSpec): (values: readonly string[]) => void {
  const { protectMany } = fpeMethod({ alphabet: alphabetOf(spec), tweak: Buffer.from('customers.id'), cipher });
  return (values) => {
    for (let at = 0; at < values.length; at += batch) protectMany(values.slice(at, at + batch));
  };
}

let numerals = new Uint16Array(0);

/** Encrypts what the last call left, so that nothing but FF1 is measured. */
function ff1Alone(values: readonly string[]): void {
  if (numerals.length !== values.length * 16) numerals = new Uint16Array(values.length * 16).fill(7);
  const ff1 = createFf1({ encryptBlocks: cipher, radix: 10, tweak: Buffer.from('customers.id') });
  ff1.encrypt(numerals, 16);
}

/** Digits without a leading zero that follow from an index. */
const digits = (i: number, length: number) =>
  String(1 + (i % 9)) +
  String((i * 7_919_337_317) % 1e15)
    .padStart(length - 1, '4')
    .slice(0, length - 1);
const ssn = (i: number) => digits(i, 9).replace(/(...)(..)(....)/, '$1-$2-$3');
const name = (i: number) => `Q${digits(i, 8).replace(/\d/g, (d) => 'abcdefghij'[Number(d)] ?? '')}`;
const code = (i: number) => `aB${digits(i, 8)}`;
const date = (i: number) => `19${10 + (i % 90)}-0${1 + (i % 9)}-${10 + (i % 18)}`;

/** A string as a file gives it: in one piece, not one that is still to be joined. */
const flat = (text: string) => Buffer.from(text, 'latin1').toString('latin1');
