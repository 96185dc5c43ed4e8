import { join } from 'node:path';
import { Readable } from 'node:stream';
import { parseMasterKey } from '@sdp/shared/crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/index.ts';
import { rewriteCsv } from '../../src/csv/index.ts';
import { inputStream } from '../../src/files/index.ts';
import { generateMasterKeyText } from '../../src/keys/index.ts';
import {
  createManifest,
  type Manifest,
  type ManifestV2,
  parseManifest,
  serializeManifest,
} from '../../src/manifest/index.ts';
import { columnEdits } from '../../src/pipeline/column-edits.ts';
import { revealEdits } from '../../src/pipeline/column-reveals.ts';
import { describeColumns, planConfiguredColumns } from '../../src/pipeline/index.ts';
import { previewRows } from '../../src/pipeline/preview-rows.ts';
import { openUntouched } from '../../src/pipeline/untouched-vault.ts';
import { openTable } from '../../src/tables/index.ts';
import { openVault, type Vault } from '../../src/vault/index.ts';
import { temporaryFolder } from '../support/run-command.ts';

const { signal } = new AbortController();
const folder = temporaryFolder();
const masterKey = parseMasterKey(generateMasterKeyText());
const vaultPath = join(folder.path, 'vault.db');
let vault: Vault;

beforeAll(async () => {
  vault = await openVault({ path: vaultPath, masterKey, create: true });
});
afterAll(async () => {
  await vault.close();
  folder.remove();
});

/** Well-formed texts with everything that CSV and the methods find awkward. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom(
    '',
    'NULL',
    '-',
    '0',
    '=1+1',
    'a,b',
    'say "x"',
    'two\r\nlines',
    '[REDACTED]',
    `tok_${'0a'.repeat(16)}`,
    `tok_${'0a'.repeat(16)}@email.invalid`,
    `see tok_${'1b'.repeat(16)} there`,
    'İstanbul',
    'é',
  ),
);
const email = fc.constantFrom(
  'ann@example.com',
  'Ann@Example.com',
  ' bob@x.test',
  'jo@münchen.example',
  'no address',
  'a@b@c.de',
);
const digits = fc.oneof(
  fc.stringMatching(/^\d{1,24}$/),
  fc.constantFrom('078-05-1120', '999999', '000000', '12 34 56', '4242424242424242', 'A-1'),
);
const card = fc.constantFrom(
  '4242424242424242',
  '4000 0000 0000 0002',
  '5555-5555-5555-4444',
  '378282246310005',
  '6304000000000000',
  '12',
);
const date = fc.oneof(
  fc.date({ min: new Date('0001-06-01'), max: new Date('9999-06-01'), noInvalidDate: true }).map((value) =>
    value
      .toISOString()
      .slice(0, 10)
      .replace(/^[+-]\d\d/, ''),
  ),
  fc.constantFrom(
    '9999-12-31',
    '0001-01-01',
    '2024-02-29',
    '29.02.2024',
    '20240229',
    '2024-02-29T23:59:59Z',
    '1.2.2024',
    '31/12/2024',
  ),
);
const note = fc.array(fc.oneof(email, card, date, text), { maxLength: 4 }).map((parts) => parts.join(' '));

const methods = {
  token: text,
  random: text,
  email: fc.oneof(email, text),
  '{ method: email, keep_domain: true }': fc.oneof(email, text),
  '{ method: fpe, on_invalid: token }': fc.oneof(digits, text),
  '{ method: fpe, alphabet: letters, on_invalid: token }': text,
  '{ method: fpe, alphabet: alphanumeric, on_invalid: token, spare_digit: 7 }': fc.oneof(digits, text),
  '{ method: fpe, alphabet: { custom: "0123456789ABCDEFé" }, on_invalid: token }': fc.oneof(digits, text),
  '{ method: card, on_invalid: token }': fc.oneof(card, text),
  '{ method: card, keep_first: 6, on_invalid: token }': fc.oneof(card, digits),
  '{ method: date-shift, entity: c0, on_invalid: token }': fc.oneof(date, text),
  '{ method: date-shift, entity: c0, max_days: 3650, date_order: dmy, padded: false, on_invalid: token }': date,
  text: note,
  keep: text,
} as const;
type Treatment = keyof typeof methods;
const treatments = Object.keys(methods) as Treatment[];

interface Table {
  readonly treatments: readonly Treatment[];
  readonly rows: readonly (readonly { readonly value: string; readonly quoted: boolean }[])[];
  readonly markers: readonly string[];
}

const table: fc.Arbitrary<Table> = fc
  .record({
    // Whatever stands first is the entity of shifted dates.
    first: fc.constantFrom(...treatments.filter((name) => !name.includes('date-shift'))),
    others: fc.array(fc.constantFrom(...treatments), { minLength: 1, maxLength: 4 }),
    markers: fc.array(fc.oneof(text, digits, date), { maxLength: 3 }),
  })
  .chain(({ first, others, markers }) => {
    const all = [first, ...others];
    const cell = (name: Treatment) =>
      fc.record({ value: fc.oneof(methods[name], fc.constantFrom(...markers, '')), quoted: fc.boolean() });
    return fc
      .array(fc.tuple(...all.map(cell)), { minLength: 1, maxLength: 8 })
      .map((rows) => ({ treatments: all, rows, markers }));
  });

const csvOf = ({ treatments: all, rows }: Table): Buffer => {
  const cell = ({ value, quoted }: { value: string; quoted: boolean }) =>
    quoted || /[",\r\n]/.test(value) || value === '' || value !== value.trim() || value.startsWith('﻿')
      ? `"${value.replaceAll('"', '""')}"`
      : value;
  const header = all.map((_, index) => `c${index}`).join(',');
  return Buffer.from([header, ...rows.map((cells) => cells.map(cell).join(','))].join('\n'));
};

let runs = 0;
function configOf({ treatments: all, markers }: Table) {
  const columns = all.map((name, index) => `  c${index}: ${name}`).join('\n');
  return parseConfig(`source_table: t${runs++}\nnull_markers: ${JSON.stringify(markers)}\ncolumns:\n${columns}`);
}

async function* chunked(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield Uint8Array.from(bytes.subarray(at, at + size));
}

async function rewritten(bytes: Buffer, chunk: number, plan: Parameters<typeof rewriteCsv>[2]): Promise<Buffer> {
  const out: Buffer[] = [];
  const sink = { write: async (part: Uint8Array) => void out.push(Buffer.from(part)) };
  await rewriteCsv(chunked(bytes, chunk), sink, plan);
  return Buffer.concat(out);
}

describe('reversible methods', () => {
  it('give back every byte, from what the manifest says alone, however the input is cut up', async () => {
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 1, max: 64 }), async (given, chunk) => {
        const bytes = csvOf(given);
        const config = configOf(given);
        let described = describeColumns([]);
        const tokenize = (size: number) =>
          rewritten(bytes, size, (header) => {
            const rules = planConfiguredColumns(config)(header);
            described = describeColumns(rules);
            return { edits: columnEdits(rules, vault).edits };
          });
        const once = await tokenize(bytes.length);
        const again = await tokenize(chunk);
        if (!given.treatments.includes('random')) expect(again.equals(once)).toBe(true);
        await vault.flush();
        const manifest = writtenManifest(described);
        for (const [file, size] of [
          [once, chunk],
          [again, again.length],
        ] as const) {
          const back = await rewritten(file, size, (header) => ({
            ...revealEdits(header, { manifest, keepUnknown: false, onReveal: () => undefined }, vault),
            restores: true,
          }));
          expect(back.toString()).toBe(bytes.toString());
        }
      }),
      { numRuns: 60 },
    );
  });

  it('preview what they do', async () => {
    await fc.assert(
      fc.asyncProperty(
        table.filter((given) => !given.treatments.some((name) => name === 'random' || name.includes('card'))),
        async (given) => {
          const bytes = csvOf(given);
          const config = configOf(given);
          const plan = planConfiguredColumns(config);
          const untouched = await openUntouched(vaultPath, masterKey);
          try {
            const file = inputStream(Readable.from(chunked(bytes, 7)), signal);
            const { rows } = await previewRows(await openTable(file, { name: 'in.csv' }), {
              plan,
              authority: untouched.authority,
              rows: 100,
              csv: {},
              signal,
            });
            const seen: string[] = [];
            await rewritten(bytes, bytes.length, (header) => ({
              edits: columnEdits(plan(header), vault).edits.map((edit) => ({
                index: edit.index,
                replace: (value, row, view) => {
                  const after = edit.replace === 'drop' ? undefined : edit.replace(value, row, view);
                  const cell = rows[row - 1]?.cells.get(edit.index);
                  expect(cell).toEqual({ before: value, after });
                  seen.push(value);
                  return undefined;
                },
              })),
            }));
            expect(rows.reduce((sum, { cells }) => sum + cells.size, 0)).toBe(seen.length);
          } finally {
            await untouched.close();
          }
        },
      ),
      { numRuns: 20 },
    );
  });
});

/** A manifest that went through its file. */
function writtenManifest(described: ReturnType<typeof describeColumns>): Manifest {
  return parseManifest(
    serializeManifest(
      createManifest<ManifestV2>(
        {
          version: 2,
          created_at: '2026-01-02T03:04:05.000Z',
          tool_version: '0.0.0-test',
          source_table: 't',
          key_column: null,
          ...described,
          row_count: 0,
          format: { kind: 'csv', delimiter: ',', encoding: 'utf-8', lenient: false },
          compression: 'none',
          file: { bytes: 0, sha256: '0'.repeat(64) },
        },
        vault,
      ),
    ),
  );
}
