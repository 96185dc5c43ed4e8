import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMasterKey } from '@sdp/shared/crypto';
import { generateMasterKeyText } from '../../src/keys/index.ts';
import { createManifest, manifestPathFor, serializeManifest } from '../../src/manifest/index.ts';
import { openVault } from '../../src/vault/index.ts';

/** A raw file, its tokenized twin with manifest and the vault behind it. */
export interface TokenizedFixture {
  readonly rawPath: string;
  readonly tokenizedPath: string;
  readonly vaultPath: string;
  readonly keyText: string;
}

export interface FixtureColumn {
  readonly name: string;
  /** Those that a manifest of version 1 knows: such files are to be read for good. */
  readonly method: 'token' | 'hash' | 'redact' | 'mask' | 'keep';
  readonly value: (row: number) => string;
}

export const customerColumns: readonly FixtureColumn[] = [
  { name: 'customer_id', method: 'token', value: (row) => `C-${1000 + row}` },
  { name: 'email', method: 'token', value: (row) => `person${row}@example.com` },
  { name: 'age', method: 'keep', value: (row) => String(20 + (row % 50)) },
  { name: 'note', method: 'keep', value: (row) => (row % 2 === 0 ? 'said "hello", twice' : 'plain') },
];

/** Writes the files of a fixture into a folder. Cells are quoted where they must be; line ends are LF. */
export async function writeFixture(
  folder: string,
  {
    columns = customerColumns,
    rows = 20,
  }: { readonly columns?: readonly FixtureColumn[]; readonly rows?: number } = {},
): Promise<TokenizedFixture> {
  const keyText = generateMasterKeyText();
  const vaultPath = join(folder, 'token_vault.db');
  const vault = await openVault({ path: vaultPath, masterKey: parseMasterKey(keyText), create: true });
  try {
    const numbers = Array.from({ length: rows }, (_, index) => index + 1);
    const header = columns.map(({ name }) => name);
    const raw = numbers.map((row) => columns.map(({ value }) => value(row)));
    const treat = columns.map(({ name, method }): ((value: string) => string) => {
      if (method === 'token') return vault.tokenizer(`customers.${name}`);
      return method === 'hash' ? vault.hasher(`customers.${name}`) : (value) => value;
    });
    const tokenized = raw.map((cells) => cells.map((cell, index) => treat[index]?.(cell) ?? cell));
    await vault.flush();
    const rawPath = join(folder, 'customers.csv');
    const tokenizedPath = join(folder, 'customers_tok.csv');
    const bytes = Buffer.from(csvText([header, ...tokenized]));
    writeFileSync(rawPath, csvText([header, ...raw]));
    writeFileSync(tokenizedPath, bytes);
    const manifest = createManifest(
      {
        version: 1,
        created_at: new Date().toISOString(),
        tool_version: '0.0.0-test',
        source_table: 'customers',
        key_column: 'customer_id',
        columns: columns.map(({ name, method }, index) => ({
          name,
          index,
          method,
          ...(method === 'token' || method === 'hash' ? { namespace: `customers.${name}` } : {}),
        })),
        dropped: [],
        row_count: rows,
        format: { delimiter: ',', encoding: 'utf-8', lenient: false },
        file: { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') },
      },
      vault,
    );
    writeFileSync(manifestPathFor(tokenizedPath), serializeManifest(manifest));
    return { rawPath, tokenizedPath, vaultPath, keyText };
  } finally {
    await vault.close();
  }
}

function csvText(rows: readonly (readonly string[])[]): string {
  const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((cells) => `${cells.map(cell).join(',')}\n`).join('');
}
