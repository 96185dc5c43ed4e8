import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SdpError } from '@sdp/shared/errors';
import { describe, expect, it } from 'vitest';
import { configFromFlags, parseConfig, readConfig } from '../../src/config/index.ts';
import { configMethods } from '../../src/config/tokenization-config.ts';
import { planConfiguredColumns } from '../../src/pipeline/index.ts';

const root = resolve(import.meta.dirname, '../../..');

const columnsOf = (text: string) => Object.fromEntries(parseConfig(`source_table: t\n${text}`).columns);

function findingsOf(columns: string, head = ''): string[] {
  try {
    parseConfig(`source_table: t\n${head}columns:\n${columns}`);
  } catch (error) {
    const { details } = error as SdpError;
    return (details.findings ?? []).map(({ line, column, field, message }) => `${line}:${column} ${field}: ${message}`);
  }
  return [];
}

describe('options of columns', () => {
  it('are read for every method', () => {
    expect(
      columnsOf(`null_markers: [NULL, 0, ~]
region: us
columns:
  a: { method: token, canonical: [phone, lower, trim], region: DE, expires: 12w }
  b: { method: random, expires: 1y, null_markers: [x] }
  c: { method: email, keep_domain: true, null_markers: [] }
  d: { method: fpe, alphabet: { custom: "0123456789abcdef" }, spare_digit: 9, on_invalid: token }
  e: { method: card, keep_first: 6 }
  f: { method: date-shift, entity: a, max_days: 7, date_order: dmy, padded: false }
  g: { method: bucket, bounds: [0, 0.5, 10], decimal_comma: true, on_invalid: redact }
  h: { method: bucket, unit: quarter, date_order: mdy }
  i: text
  j: keep
  k: { method: hash, canonical: nfc }
`),
    ).toEqual({
      a: {
        method: 'token',
        canonical: ['trim', 'lower', 'phone'],
        region: 'DE',
        expiresDays: 84,
        nullMarkers: ['NULL', '0', '~'],
      },
      b: { method: 'random', expiresDays: 365, nullMarkers: ['x'] },
      c: { method: 'email', keepDomain: true, nullMarkers: [], region: 'US' },
      d: {
        method: 'fpe',
        alphabet: { custom: '0123456789abcdef' },
        spareDigit: 9,
        onInvalid: 'token',
        nullMarkers: ['NULL', '0', '~'],
      },
      e: { method: 'card', keepFirst: 6, nullMarkers: ['NULL', '0', '~'] },
      f: {
        method: 'date-shift',
        entity: 'a',
        maxDays: 7,
        dateOrder: 'dmy',
        padded: false,
        nullMarkers: ['NULL', '0', '~'],
      },
      g: {
        method: 'bucket',
        bounds: [0, 0.5, 10],
        decimalComma: true,
        onInvalid: 'redact',
        nullMarkers: ['NULL', '0', '~'],
      },
      h: { method: 'bucket', unit: 'quarter', dateOrder: 'mdy', nullMarkers: ['NULL', '0', '~'] },
      i: { method: 'text', region: 'US', nullMarkers: ['NULL', '0', '~'] },
      j: { method: 'keep' },
      k: { method: 'hash', canonical: ['nfc'], region: 'US', nullMarkers: ['NULL', '0', '~'] },
    });
  });

  it.each([
    ['  a: { method: hash, keep_last: 3 }', ['3:22 columns.a.keep_last: belongs to the method mask, not to hash']],
    [
      '  a: { method: token, keep_first: 3 }',
      ['3:23 columns.a.keep_first: belongs to the methods mask, card or bucket, not to token'],
    ],
    [
      '  a: { method: card, colour: red }',
      ['3:22 columns.a: unknown option; those of card are namespace, expires, null_markers, on_invalid, keep_first'],
    ],
    [
      '  a: { method: token, canonical: [trim, lwoer] }',
      ['3:41 columns.a.canonical: must be one of trim, lower, nfc, phone; did you mean lower?'],
    ],
    [
      '  a: { method: token, expires: 90 }',
      ['3:32 columns.a.expires: must be a time such as 90d, 12w, 6m (of 30 days) or 1y (of 365), at most 100 years'],
    ],
    [
      '  a: { method: token, canonical: phone, region: XX }',
      ['3:3 columns.a: region is no country whose telephone numbers are known'],
    ],
    [
      '  a: { method: fpe, alphabet: { custom: aa } }',
      ['3:31 columns.a.alphabet: a custom alphabet has two or more different characters, and none of = + - @'],
    ],
    [
      '  a: { method: card, keep_first: 4 }',
      ['3:3 columns.a: keep_first of the method card can only be 6; mask keeps other parts of a card number'],
    ],
    ['  a: bucket', ['3:3 columns.a: bucket needs exactly one of size, bounds, unit and keep_first']],
    [
      '  a: { method: bucket, size: 10, keep_first: 2 }',
      ['3:3 columns.a: bucket needs exactly one of size, bounds, unit and keep_first'],
    ],
    [
      '  a: { method: bucket, bounds: [3, 2] }',
      [
        '3:32 columns.a.bounds: must be a list of rising numbers',
        '3:3 columns.a: bucket needs exactly one of size, bounds, unit and keep_first',
      ],
    ],
    [
      '  a: { method: bucket, size: 5, on_invalid: token }',
      ['3:3 columns.a: bucket cannot be reversed: on_invalid can only be error or redact'],
    ],
    ['  a: date-shift', ['3:3 columns.a: entity is missing: the column whose value decides the shift']],
    ['  a: { method: date-shift, entity: b }', ['3:3 columns.a: its entity is no column of this configuration']],
    [
      '  a: { method: date-shift, entity: a }',
      ['3:3 columns.a: its entity is shifted itself; name a column that says whose row it is'],
    ],
    ['  a: { method: text, kinds: [emial] }', [expect.stringContaining('did you mean email?')]],
    [
      '  a: { method: token, namespace: n }\n  b: { method: random, namespace: n }',
      [
        '4:3 columns.b: shares a namespace with a, but one holds tokens of values as they are and the other random tokens',
      ],
    ],
    [
      '  a: { method: token, namespace: n }\n  b: { method: email, namespace: n, canonical: trim }',
      [
        '4:3 columns.b: shares a namespace with a, but one holds tokens of values as they are and the other tokens of the canonical form trim',
      ],
    ],
    [
      '  a: { method: token, namespace: n, expires: 1d }\n  b: { method: token, namespace: n }',
      ['4:3 columns.b: shares a namespace with a, but expires at another time'],
    ],
    [
      '  a: { method: tokne }',
      [
        '3:16 columns.a.method: must be one of token, random, hash, redact, mask, email, fpe, card, date-shift, bucket, text, keep, drop; did you mean token?',
      ],
    ],
  ])('are refused in %j', (columns, expected) => {
    expect(findingsOf(columns).toSorted()).toEqual((expected as string[]).toSorted());
  });

  it.each(['token', 'hash', 'email', 'fpe', 'card', 'keep'])('a key column may be made by %s', (method) => {
    expect(findingsOf(`  a: ${method}`, 'key_column: a\n')).toEqual([]);
  });

  it.each(['random', 'text', 'redact', 'mask', 'drop', '{ method: bucket, size: 3 }'])(
    'a key column made by %s is refused',
    (method) => {
      expect(findingsOf(`  a: ${method}\n  b: keep`, 'key_column: a\n')).toHaveLength(1);
    },
  );
});

describe('flags', () => {
  it('are the configuration they stand for', () => {
    const config = configFromFlags({
      sourceTable: 't',
      keyColumn: 'id',
      columns: ['id'],
      methods: [
        'pan=mask,keep_first=6,keep_last=4',
        'born=date-shift,entity=token,max_days=5',
        'a=b,c=email,keep_domain=true',
        'hex=fpe,alphabet=custom:0123456789abcdef',
        'phone=token,canonical=trim+phone,namespace=7',
      ],
      nullMarkers: ['-'],
      region: 'fr',
      strict: true,
    });
    expect({ ...config, columns: Object.fromEntries(config.columns) }).toEqual({
      sourceTable: 't',
      keyColumn: 'id',
      default: 'keep',
      strict: true,
      columns: {
        id: { method: 'token', nullMarkers: ['-'], region: 'FR' },
        pan: { method: 'mask', keepFirst: 6, keepLast: 4, nullMarkers: ['-'] },
        born: { method: 'date-shift', entity: 'token', maxDays: 5, nullMarkers: ['-'] },
        'a=b,c': { method: 'email', keepDomain: true, nullMarkers: ['-'], region: 'FR' },
        hex: { method: 'fpe', alphabet: { custom: '0123456789abcdef' }, nullMarkers: ['-'] },
        phone: { method: 'token', canonical: ['trim', 'phone'], namespace: '7', nullMarkers: ['-'], region: 'FR' },
      },
    });
  });

  it.each([
    [{ columns: [] }, 'No column is named'],
    [{ methods: ['a'] }, 'A --method option is not of the form COLUMN=METHOD or COLUMN=METHOD,OPTION=VALUE'],
    [{ methods: ['a=magic'] }, 'A --method option is not of the form COLUMN=METHOD or COLUMN=METHOD,OPTION=VALUE'],
    [{ columns: ['a'], methods: ['a=hash'] }, 'A column is given two methods'],
    [{ methods: ['a=bucket'] }, 'The methods of the columns are not valid'],
  ])('%j is refused', (flags, message) => {
    expect(() => configFromFlags({ sourceTable: 't', ...flags })).toThrow(message);
  });
});

describe('configs/support_cases_tokenization.yml', () => {
  it('uses every method on data-samples/support_cases.csv, and names every column', async () => {
    const config = await readConfig(resolve(root, 'configs/support_cases_tokenization.yml'));
    const text = readFileSync(resolve(root, 'data-samples/support_cases.csv'), 'utf8');
    const rules = planConfiguredColumns(config)((text.split('\n')[0] ?? '').split(','));
    expect(new Set(rules.map(({ method }) => method))).toEqual(new Set(configMethods));
  });
});
