import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Token } from '@sdp/shared/tokenization';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forgetEntries } from '../../src/vault/erasure/index.ts';
import { openVault, type VerifyReport } from '../../src/vault/index.ts';
import { newMasterKey, someValues, storeAll, temporaryFolder } from './vault-fixture.ts';

const masterKey = newMasterKey();
let original: Buffer;
const truth = new Map<Token, string>();

beforeAll(async () => {
  const path = join(temporaryFolder(afterAll), 'v.db');
  const vault = await openVault({ path, masterKey, create: true });
  for (const namespace of ['a', 'b']) {
    for (const [value, token] of await storeAll(vault, namespace, someValues(300, namespace))) truth.set(token, value);
  }
  // A second commit, so that there are states to mix up.
  for (const [value, token] of await storeAll(vault, 'a', someValues(200, 'later'))) truth.set(token, value);
  // Dates beside some tokens of `dated`, surrogates, random tokens, and what an erasure leaves.
  await storeAll(vault, 'dated', someValues(50, 'undated'));
  const random = vault.randomTokenizer('random');
  const dated = vault.tokenizer('dated', { expiresDays: 30 });
  const surrogate = vault.surrogates(
    'surrogates',
    (value, attempt) => `${value.length}-${attempt}-${value.slice(0, 8)}`,
  );
  for (const value of someValues(150, 'dated')) {
    truth.set(dated(value), value);
    truth.set(random(value), value);
    surrogate(value);
  }
  await vault.flush();
  const erased = [...someValues(5, 'a'), ...someValues(5, 'dated')];
  const reveal = vault.revealer();
  for (const [token, value] of truth) if (erased.includes(value) && reveal(token) === value) truth.delete(token);
  await vault.close();
  forgetEntries({ path, masterKey }, { tokens: [], values: erased }, 'test');
  original = readFileSync(path);
});

/** What is found out about a file: at opening, or by `verify`. Any value revealed must be the right one. */
async function examine(path: string): Promise<string[]> {
  let vault: Awaited<ReturnType<typeof openVault>>;
  try {
    vault = await openVault({ path, masterKey, readOnly: true });
  } catch (error) {
    return [codeOf(error)];
  }
  try {
    const reveal = vault.revealer();
    let unknown = 0;
    for (const [token, value] of truth) {
      try {
        const revealed = reveal(token);
        if (revealed === undefined) unknown += 1;
        // `expect` would print the value of a failure; this must hold for real vaults too.
        else if (revealed !== value) return ['WRONG VALUE'];
      } catch (error) {
        if (codeOf(error) !== 'vault-tampered') return [`UNEXPECTED ${codeOf(error)}`];
      }
    }
    const report: VerifyReport = await vault.verify();
    const kinds = report.damage.map(({ kind }) => kind);
    return unknown > 0 && report.ok ? ['MISSING VALUE'] : kinds;
  } catch (error) {
    return [codeOf(error)];
  } finally {
    await vault.close();
  }
}

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? String(error);
}

function copyOf(change: (db: Sqlite.Database) => void): string {
  const path = join(temporaryFolder(), 'v.db');
  writeFileSync(path, original);
  const db = new Sqlite(path);
  change(db);
  db.close();
  return path;
}

/** Which places are taken depends on the tokens, and so on the key: an erased entry has a place and no row. */
function withPlaces(db: Sqlite.Database, sql: string): string {
  const [first, second] = db.prepare('SELECT ref FROM token_vault ORDER BY ref LIMIT 2').pluck().all();
  return sql.replaceAll('$first', String(first)).replaceAll('$second', String(second));
}

test('an untouched copy passes', async () => {
  expect(await examine(copyOf(() => undefined))).toEqual([]);
});

describe('verify names what was done', () => {
  test.each<[string, string, string[]]>([
    [
      'a token row removed',
      'DELETE FROM token_vault WHERE (namespace_id, token) IN (SELECT namespace_id, token FROM token_vault LIMIT 1)',
      ['token-missing', 'count-mismatch'],
    ],
    ['all token rows of a namespace removed', 'DELETE FROM token_vault WHERE namespace_id = 2', ['token-missing']],
    [
      'a token row added',
      `INSERT INTO token_vault VALUES (1, zeroblob(16), 128, zeroblob(4))`,
      ['token-without-entry'],
    ],
    [
      'a token row of no namespace',
      `INSERT INTO token_vault VALUES (9, zeroblob(16), 128, zeroblob(4))`,
      ['unknown-namespace'],
    ],
    [
      'two references exchanged',
      `UPDATE token_vault SET ref = iif(ref = $first, $second, $first) WHERE ref IN ($first, $second)`,
      ['token-misdirected'],
    ],
    ['a reference to another block', 'UPDATE token_vault SET ref = 400 WHERE ref = $first', ['token-misdirected']],
    ['a reference to nowhere', 'UPDATE token_vault SET ref = 99999999 WHERE ref = $first', ['token-misdirected']],
    ['a tail changed', `UPDATE token_vault SET tail = x'00000000' WHERE ref = $first`, ['token-misdirected']],
    [
      'a token moved to the other namespace',
      'UPDATE token_vault SET namespace_id = 2 WHERE ref = $first',
      ['token-missing'],
    ],
    ['a block removed', 'DELETE FROM vault_block WHERE block_id = 2', ['blocks-changed', 'token-without-entry']],
    [
      'a block and its tokens removed',
      'DELETE FROM vault_block WHERE block_id = 2; DELETE FROM token_vault WHERE ref >= 256 AND ref < 384',
      ['blocks-changed', 'count-mismatch'],
    ],
    [
      'a block copied to another id',
      'INSERT INTO vault_block SELECT 77, namespace_id, key_id, entry_count, nonce, sealed FROM vault_block WHERE block_id = 1',
      ['block-unreadable', 'blocks-changed'],
    ],
    [
      'the contents of two blocks exchanged',
      `UPDATE vault_block SET (nonce, sealed) =
         (SELECT nonce, sealed FROM vault_block o WHERE o.block_id = 3 - vault_block.block_id) WHERE block_id IN (1, 2)`,
      ['block-unreadable', 'block-unreadable', 'blocks-changed'],
    ],
    [
      'a block given to the other namespace',
      'UPDATE vault_block SET namespace_id = 2 WHERE block_id = 1',
      ['block-unreadable'],
    ],
    ['a block of no namespace', 'UPDATE vault_block SET namespace_id = 9 WHERE block_id = 1', ['unknown-namespace']],
    ['a block of no key', 'UPDATE vault_block SET key_id = 9 WHERE block_id = 1', ['unknown-key']],
    [
      'a day of last use changed',
      `UPDATE token_vault SET tail = CAST(substr(tail, 1, 4) || x'4f00' AS BLOB) WHERE namespace_id = 3 AND length(tail) = 6`,
      ['days-changed'],
    ],
    [
      'a day of last use removed',
      `UPDATE token_vault SET tail = CAST(substr(tail, 1, 4) AS BLOB) WHERE length(tail) = 6`,
      ['days-changed'],
    ],
    [
      'a day of last use added',
      `UPDATE token_vault SET tail = CAST(tail || x'5000' AS BLOB) WHERE ref = $first`,
      ['days-changed'],
    ],
    [
      'a tail of a random token changed',
      `UPDATE token_vault SET tail = x'00000001' WHERE namespace_id = (SELECT namespace_id FROM namespace WHERE name = 'random')`,
      ['token-misdirected'],
    ],
    [
      'a tail of a surrogate changed',
      `UPDATE token_vault SET tail = zeroblob(4) WHERE namespace_id = (SELECT namespace_id FROM namespace WHERE name = 'surrogates')`,
      ['token-misdirected'],
    ],
    [
      'a tombstone removed',
      'DELETE FROM tombstone WHERE digest = (SELECT min(digest) FROM tombstone)',
      ['tombstones-changed'],
    ],
    ['all tombstones removed', 'DELETE FROM tombstone', ['tombstones-changed']],
    ['a tombstone added', 'INSERT INTO tombstone VALUES (1, zeroblob(32), 20000)', ['tombstones-changed']],
    ['a tombstone moved to another day', 'UPDATE tombstone SET erased_on = erased_on + 1', ['tombstones-changed']],
    [
      'an erased entry put back beside its tombstone',
      `INSERT INTO token_vault VALUES (1, randomblob(16), 128, zeroblob(4))`,
      ['token-without-entry'],
    ],
    [
      'another number of entries',
      'UPDATE vault_block SET entry_count = entry_count - 1 WHERE block_id = 1',
      ['block-unreadable'],
    ],
  ])('%s', async (_, sql, kinds) => {
    expect(await examine(copyOf((db) => db.exec(withPlaces(db, sql))))).toEqual(expect.arrayContaining(kinds));
  });

  test('a block put back to an older state, with all that belongs to it but the sealed state', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'v.db');
    const vault = await openVault({ path, masterKey, create: true });
    await storeAll(vault, 'a', ['x', 'y']);
    const old = join(folder, 'old.db');
    const db = new Sqlite(path);
    db.exec(`VACUUM INTO '${old}'`);
    await storeAll(vault, 'a', ['z']);
    await vault.close();
    db.exec(`ATTACH '${old}' AS old; DELETE FROM vault_block; INSERT INTO vault_block SELECT * FROM old.vault_block;
      DELETE FROM token_vault; INSERT INTO token_vault SELECT * FROM old.token_vault`);
    db.close();
    expect(await examine(path)).toEqual(expect.arrayContaining(['blocks-changed', 'count-mismatch']));
  });
});

describe('what describes the vault can’t be changed: it does not open', () => {
  test.each<[string, string]>([
    [
      'two keys exchanged',
      `UPDATE data_key SET (nonce, wrapped) = (SELECT nonce, wrapped FROM data_key o WHERE o.key_id = 5 - data_key.key_id)
       WHERE key_id IN (2, 3)`,
    ],
    ['a key removed', `DELETE FROM data_key WHERE purpose = 'receipt'`],
    ['a key added', `INSERT INTO data_key SELECT 9, purpose, 'retired', nonce, wrapped FROM data_key WHERE key_id = 2`],
    ['a key for another purpose', `UPDATE data_key SET purpose = 'manifest' WHERE purpose = 'receipt'`],
    ['the data key retired', `UPDATE data_key SET state = 'retired' WHERE purpose = 'data'`],
    ['a namespace renamed', `UPDATE namespace SET name = 'x' WHERE name = 'b'`],
    ['two namespaces exchanged', `UPDATE namespace SET name = iif(name = 'a', 'b', 'a') WHERE name IN ('a', 'b')`],
    ['a namespace removed', `DELETE FROM namespace WHERE name = 'random'`],
    [
      'another vault id',
      `UPDATE vault_meta SET value = CAST(iif(substr(CAST(value AS TEXT), 1, 1) = '0', '1', '0') || substr(CAST(value AS TEXT), 2) AS BLOB) WHERE name = 'vault_id'`,
    ],
    [
      'another fingerprint',
      `UPDATE vault_meta SET value = CAST(iif(substr(CAST(value AS TEXT), 1, 1) = '0', '1', '0') || substr(CAST(value AS TEXT), 2) AS BLOB) WHERE name = 'master_fingerprint'`,
    ],
    ['a description added', `INSERT INTO vault_meta VALUES ('x', x'00')`],
    ['the sealed state removed', `DELETE FROM vault_meta WHERE name = 'state'`],
    ['the version of before', 'PRAGMA user_version = 1'],
    ['a trigger', 'CREATE TRIGGER t AFTER INSERT ON token_vault BEGIN DELETE FROM tombstone; END'],
    ['a view', 'CREATE VIEW v AS SELECT * FROM token_vault'],
    ['an index', 'CREATE INDEX i ON token_vault (ref)'],
  ])('%s', async (_, sql) => {
    const [code] = await examine(copyOf((db) => db.exec(sql)));
    expect(code).toMatch(/^vault-(?:tampered|wrong-key)$/);
  });

  test('the sealed state of an earlier commit, or one that is another vault’s', async () => {
    const folder = temporaryFolder();
    const [path, old, other] = ['v.db', 'old.db', 'other.db'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const vault = await openVault({ path, masterKey, create: true });
    await storeAll(vault, 'a', ['x', 'y']);
    const db = new Sqlite(path);
    db.exec(`VACUUM INTO '${old}'`);
    await storeAll(vault, 'a', ['z']);
    await vault.close();
    const second = await openVault({ path: other, masterKey, create: true });
    await storeAll(second, 'a', ['x', 'y', 'z']);
    await second.close();
    const putBack = (from: string) =>
      db.exec(`ATTACH '${from}' AS o; UPDATE vault_meta SET value = (SELECT value FROM o.vault_meta WHERE name = 'state')
        WHERE name = 'state'; DETACH o`);
    putBack(old);
    expect(await examine(path)).toEqual(expect.arrayContaining(['blocks-changed', 'count-mismatch']));
    putBack(other);
    expect(await examine(path)).toEqual(['vault-tampered']);
    db.close();
  });
});

test('a bit changed in any column of any table is found, and never gives a wrong value', async () => {
  const probe = new Sqlite(
    copyOf(() => undefined),
    { readonly: true },
  );
  const tables = probe.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).pluck().all() as string[];
  let changes = 0;
  for (const table of tables) {
    const columns = probe.prepare(`SELECT name, type, pk FROM pragma_table_info(?)`).all(table) as ColumnInfo[];
    const rows = probe.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number;
    for (const column of columns) {
      for (const row of new Set([0, Math.floor(rows / 2), rows - 1])) {
        for (const part of [0, 0.5, 0.999]) {
          const path = copyOf((db) => flip(db, table, columns, column, row, part));
          const found = await examine(path);
          expect(found, `${table}.${column.name}, row ${row}, at ${part}`).not.toEqual([]);
          expect(found.join(), `${table}.${column.name}, row ${row}, at ${part}`).not.toMatch(
            /WRONG|UNEXPECTED|MISSING/,
          );
          changes += 1;
        }
      }
    }
  }
  probe.close();
  expect(tables).toHaveLength(6);
  expect(changes).toBeGreaterThan(145);
}, 120_000);

interface ColumnInfo {
  readonly name: string;
  readonly type: string;
  readonly pk: number;
}

/** Changes one bit of one cell: of a number, or of the byte at a share of a text's or blob's length. */
function flip(
  db: Sqlite.Database,
  table: string,
  columns: readonly ColumnInfo[],
  column: ColumnInfo,
  row: number,
  part: number,
): void {
  const names = columns.map(({ name }) => name).join();
  const cells = db.prepare(`SELECT ${names} FROM ${table} LIMIT 1 OFFSET ?`).raw().get(row) as unknown[];
  const index = columns.indexOf(column);
  const cell = cells[index];
  const bit = Math.floor(part * 8);
  let changed: unknown;
  if (typeof cell === 'number') {
    changed = cell ^ (1 << bit);
  } else {
    const bytes = Buffer.from(cell as string | Buffer);
    const at = Math.floor(part * bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (typeof cell === 'string' ? bit % 7 : bit));
    changed = typeof cell === 'string' ? bytes.toString('latin1') : bytes;
  }
  const keys = columns.filter(({ pk }) => pk > 0);
  const where = keys.map(({ name }) => `${name} IS ?`).join(' AND ');
  db.prepare(`UPDATE OR REPLACE ${table} SET ${column.name} = ? WHERE ${where}`).run(
    changed,
    ...keys.map((key) => cells[columns.indexOf(key)]),
  );
}

test('a byte changed anywhere in the file is found or does no harm', async () => {
  const path = join(temporaryFolder(), 'v.db');
  let found = 0;
  const step = Math.floor(original.length / 150);
  for (let offset = 0; offset < original.length; offset += step) {
    const changed = Buffer.from(original);
    changed[offset] = (changed[offset] ?? 0) ^ (1 << (offset % 8));
    writeFileSync(path, changed);
    const kinds = await examine(path);
    expect(kinds.join(), `offset ${offset}`).not.toMatch(/WRONG|UNEXPECTED|MISSING/);
    if (kinds.length > 0) found += 1;
  }
  // The rest falls on space that SQLite doesn't use.
  expect(found).toBeGreaterThan(40);
}, 120_000);

test('a file cut short is found', async () => {
  const path = join(temporaryFolder(), 'v.db');
  for (const share of [0.2, 0.5, 0.9, 0.99]) {
    writeFileSync(path, original.subarray(0, Math.floor(original.length * share)));
    expect(await examine(path), `cut to ${share}`).not.toEqual([]);
  }
});
