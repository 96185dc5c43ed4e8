import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateMasterKeyText, parseMasterKey } from '@sdp/shared/crypto';
import { canonicalizer } from '@sdp/shared/tokenization';
import Sqlite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { checkCertificate, countForgettable, forgetEntries } from '../../../src/vault/erasure/index.ts';
import { openVault } from '../../../src/vault/index.ts';
import { openVaultFile } from '../../../src/vault/open-vault-file.ts';
import { newMasterKey, someValues, storeAll, temporaryFolder, vaultAt } from '../vault-fixture.ts';

const masterKey = newMasterKey();
const newPath = () => join(temporaryFolder(), 'v.db');
const nothing = { tokens: [], values: [] };

function filesOf(path: string): Buffer {
  return Buffer.concat(
    ['', '-wal', '-shm'].filter((suffix) => existsSync(path + suffix)).map((suffix) => readFileSync(path + suffix)),
  );
}

function middleOf(bytes: Buffer): Buffer {
  const middle = Math.floor(bytes.length / 2);
  return bytes.subarray(middle, middle + 16);
}

/** All sealed blocks and tokens, as they lie in the tables. */
function rowsOf(path: string): { blocks: Map<number, Buffer>; tokens: Buffer[] } {
  const db = new Sqlite(path, { readonly: true });
  const blocks = new Map(db.prepare('SELECT block_id, sealed FROM vault_block').raw().all() as [number, Buffer][]);
  const tokens = db.prepare('SELECT token FROM token_vault').pluck().all() as Buffer[];
  db.close();
  return { blocks, tokens };
}

describe('forget', () => {
  test('by value and by token: gone from every byte of the files, the others stay', async () => {
    const path = newPath();
    const vault = await vaultAt(path, masterKey);
    // Many small commits in random order make SQLite split and rearrange pages, where copies of rows stay behind.
    const tokens = new Map<string, string>();
    const values = [...someValues(4_000)];
    for (let at = 0; at < values.length; at += 400) {
      for (const [value, token] of await storeAll(vault, 'n', values.slice(at, at + 400))) tokens.set(value, token);
    }
    const other = await storeAll(vault, 'other', someValues(300));
    await vault.close();
    const before = rowsOf(path);
    const byValue = values.filter((_, i) => i % 100 === 0);
    const byToken = values.filter((_, i) => i % 100 === 1);
    const selection = {
      values: [...byValue, 'never there'],
      tokens: byToken.map((value) => String(tokens.get(value))),
      namespaces: ['n'],
    };
    const bytesBefore = readFileSync(path);
    expect(countForgettable({ path, masterKey }, selection)).toMatchObject({
      entries: 80,
      unknown: 1,
      erasedBefore: 0,
    });
    expect(rowsOf(path)).toEqual(before);

    const certificate = forgetEntries({ path, masterKey }, selection, '1');
    expect(certificate).toMatchObject({ entries: 80, unknown: 1, erased_before: 0, tombstones: 160, complete: true });
    expect(certificate.search.found).toBe(0);
    const bytes = filesOf(path);
    const left = rowsOf(path);
    const erased = [...byValue, ...byToken].map((value) => Buffer.from(String(tokens.get(value)).slice(4), 'hex'));
    const oldBlocks = [...before.blocks].filter(([id, sealed]) => !left.blocks.get(id)?.equals(sealed));
    expect(oldBlocks.length).toBeGreaterThan(20);
    for (const token of erased) {
      expect(bytesBefore.includes(token)).toBe(true);
      expect(bytes.includes(token)).toBe(false);
    }
    for (const [, sealed] of oldBlocks) {
      for (const piece of [sealed.subarray(0, 16), sealed.subarray(-16), middleOf(sealed)]) {
        expect(bytes.includes(piece)).toBe(false);
      }
    }
    const again = await vaultAt(path, masterKey);
    expect(await again.verify()).toMatchObject({ ok: true, entries: 4_220, tombstones: 160 });
    const reveal = again.revealer();
    for (const [value, token] of tokens) {
      const gone = byValue.includes(value) || byToken.includes(value);
      if (reveal(token) !== (gone ? undefined : value)) expect.fail('a value is missing, or is still there');
    }
    for (const [value, token] of other)
      if (reveal(token) !== value) expect.fail('a value of the other namespace is missing');
    expect(again.stats()).toMatchObject({ tombstones: 160, entries: 4_220 });
    // Once more: what was erased before is told apart from what was never there.
    await again.close();
    expect(forgetEntries({ path, masterKey }, selection, '1')).toMatchObject({
      entries: 0,
      erased_before: 80,
      unknown: 1,
    });
    // Tokenizing it again is allowed.
    const third = await vaultAt(path, masterKey);
    const token = third.tokenizer('n')(String(byValue[0]));
    await third.flush();
    expect(third.revealer()(token)).toBe(byValue[0]);
    expect(await third.verify()).toMatchObject({ ok: true, entries: 4_221 });
  }, 60_000);

  test('all of a block, so that the block goes too', async () => {
    const path = newPath();
    const vault = await vaultAt(path, masterKey);
    await storeAll(vault, 'n', someValues(300));
    await vault.close();
    expect(forgetEntries({ path, masterKey }, { ...nothing, values: [...someValues(300)] }, '1')).toMatchObject({
      entries: 300,
    });
    const again = await vaultAt(path, masterKey);
    expect(await again.verify()).toMatchObject({ ok: true, entries: 0, blocks: 0, tombstones: 600 });
    await storeAll(again, 'n', someValues(300));
    expect(await again.verify()).toMatchObject({ ok: true, entries: 300 });
  });

  test('other spellings, random tokens and surrogates of a value', async () => {
    const path = newPath();
    const vault = await vaultAt(path, masterKey);
    const canonical = canonicalizer({ steps: ['trim', 'lower'] });
    const email = vault.tokenizer('e', { canonical });
    const random = vault.randomTokenizer('r');
    const make = vault.surrogates(
      's',
      (value, attempt) =>
        `${vault
          .keyed('s')
          .hash('x', value + attempt)
          .slice(0, 2)}`,
    );
    const tokens = [email('Ada@x.example'), random('ada@x.example'), random('ada@x.example'), random('bob')];
    const surrogates = [...someValues(60)].map(make);
    const [ofAda, ofBob] = [make('ada@x.example'), make('bob')];
    await vault.close();
    const forgotten = forgetEntries({ path, masterKey }, { ...nothing, values: [' ADA@x.example'] }, '1');
    expect(forgotten).toMatchObject({ entries: 1, erased: [{ namespace: 'e', entries: 1 }] });
    const exact = forgetEntries({ path, masterKey }, { ...nothing, values: ['ada@x.example'] }, '1');
    expect(exact).toMatchObject({
      entries: 3,
      erased: [
        { namespace: 'r', entries: 2 },
        { namespace: 's', entries: 1 },
      ],
    });
    expect(forgetEntries({ path, masterKey }, { ...nothing, tokens: [String(surrogates[3])] }, '1').entries).toBe(1);
    expect(forgetEntries({ path, masterKey }, { ...nothing, tokens: [String(tokens[3])] }, '1').entries).toBe(1);
    const again = await vaultAt(path, masterKey);
    expect(tokens.map(again.revealer())).toEqual([undefined, undefined, undefined, undefined]);
    const reveal = again.surrogateRevealer('s');
    expect([reveal(ofAda), reveal(String(surrogates[3])), reveal(ofBob)]).toEqual([undefined, undefined, 'bob']);
    // The places of the erased ones are never given to others, and every value still finds its own.
    const makeAgain = again.surrogates(
      's',
      (value, attempt) =>
        `${again
          .keyed('s')
          .hash('x', value + attempt)
          .slice(0, 2)}`,
    );
    const values = [...someValues(60)];
    expect(values.filter((_, i) => i !== 3).map(makeAgain)).toEqual(surrogates.filter((_, i) => i !== 3));
    const renewed = [
      makeAgain(String(values[3])),
      makeAgain('ada@x.example'),
      ...[...someValues(100, 'more')].map(makeAgain),
    ];
    expect(renewed).not.toContain(surrogates[3]);
    expect(renewed).not.toContain(ofAda);
    await again.flush();
    expect(await again.verify()).toMatchObject({ ok: true });
  });

  test('while another process reads an older state the leftovers stay, it says so, and the next run clears them', async () => {
    const path = newPath();
    const vault = await vaultAt(path, masterKey);
    await storeAll(vault, 'n', someValues(500));
    await vault.close();
    const reader = new Sqlite(path, { readonly: true });
    reader.exec('BEGIN; SELECT count(*) FROM vault_block');
    reader.prepare('SELECT count(*) FROM vault_block').get();
    const [value = ''] = someValues(1);
    const old = rowsOf(path).blocks;
    const first = forgetEntries({ path, masterKey }, { ...nothing, values: [value] }, '1');
    expect(first).toMatchObject({ entries: 1, complete: false });
    reader.close();
    const second = forgetEntries({ path, masterKey }, { ...nothing, values: [value] }, '1');
    expect(second).toMatchObject({ entries: 0, erased_before: 1, complete: true, search: { file_written_anew: true } });
    const left = rowsOf(path).blocks;
    const bytes = filesOf(path);
    for (const [id, sealed] of old)
      if (!left.get(id)?.equals(sealed)) expect(bytes.includes(sealed.subarray(-16))).toBe(false);
  }, 60_000);

  test('an unknown namespace is told, and nothing is changed', async () => {
    const path = newPath();
    const vault = await vaultAt(path, masterKey);
    await storeAll(vault, 'n', ['a']);
    await vault.close();
    expect(() => forgetEntries({ path, masterKey }, { ...nothing, values: ['a'], namespaces: ['m'] }, '1')).toThrow(
      expect.objectContaining({ code: 'namespace-unknown' }),
    );
    const again = await vaultAt(path, masterKey);
    expect(again.stats().entries).toBe(1);
  });
});

describe('a certificate', () => {
  test('passes as it was made, and no other way', async () => {
    const path = newPath();
    const vault = await vaultAt(path, masterKey);
    await storeAll(vault, 'n', someValues(10));
    await vault.close();
    const [value = ''] = someValues(1);
    const certificate = forgetEntries({ path, masterKey }, { ...nothing, values: [value] }, '1');
    expect(certificate.state_before).not.toBe(certificate.state_after);
    const text = JSON.stringify(certificate);
    expect(text).not.toContain(value);
    const { keys, db } = openVaultFile({ path, masterKey, readOnly: true });
    db.close();
    expect(checkCertificate(keys, text)).toEqual(certificate);
    const changes = [
      text.replace('"entries":1', '"entries":2'),
      text.replace(/"erased_at":"\d/, '"erased_at":"3'),
      text.replace('"complete":true', '"complete":false'),
      text.replace(/"mac":"./, '"mac":"x'),
      text.replace('{', '{"more":1,'),
      '',
      '[]',
    ];
    for (const changed of changes) {
      expect(changed).not.toBe(text);
      expect(() => checkCertificate(keys, changed)).toThrow(expect.objectContaining({ code: 'certificate-invalid' }));
    }
    expect(() => checkCertificate({ ...keys, vaultId: 'another' }, text)).toThrow(
      expect.objectContaining({ code: 'certificate-invalid' }),
    );
  });
});

test('a vault of the first version is read as it is, and upgraded when it is opened for writing', async () => {
  const path = newPath();
  const vault = await vaultAt(path, masterKey);
  const tokens = await storeAll(vault, 'n', someValues(300));
  await vault.close();
  const { toVersion1 } = await import('../version-1.ts');
  toVersion1(path, masterKey);
  const copy = `${path}.copy`;
  copyFileSync(path, copy);
  const old = await openVault({ path, masterKey, readOnly: true });
  expect(old.stats()).toMatchObject({ schemaVersion: 1, entries: 300, tombstones: 0, namespaces: [{ kind: 'token' }] });
  expect(await old.verify()).toMatchObject({ ok: true });
  await old.close();
  const upgraded = await vaultAt(path, masterKey);
  expect(upgraded.stats()).toMatchObject({ schemaVersion: 2, entries: 300 });
  for (const [value, token] of tokens) if (upgraded.revealer()(token) !== value) expect.fail('a value is missing');
  await storeAll(upgraded, 'n', someValues(10, 'more'));
  expect(await upgraded.verify()).toMatchObject({ ok: true, entries: 310 });
  await upgraded.close();
  // The state of the first version doesn't pass for one of the second, nor the other way round.
  const db = new Sqlite(copy);
  db.pragma('user_version = 2');
  db.exec(
    'CREATE TABLE tombstone (\n    namespace_id INTEGER NOT NULL, digest BLOB NOT NULL, erased_on INTEGER NOT NULL, PRIMARY KEY (namespace_id, digest)\n  ) STRICT, WITHOUT ROWID',
  );
  db.close();
  await expect(openVault({ path: copy, masterKey })).rejects.toThrow(
    expect.objectContaining({ code: 'vault-tampered' }),
  );
  expect(statSync(copy).size).toBeGreaterThan(0);
  truncateSync(copy, 0);
});

test('random tokens of a value are found in all blocks of a large namespace', async () => {
  const path = newPath();
  const vault = await vaultAt(path, masterKey);
  const tokenize = vault.randomTokenizer('r');
  // 330 blocks: more than are read at a time.
  const tokens = Array.from({ length: 42_000 }, (_, i) => ({
    value: `v${i % 10_000}`,
    token: tokenize(`v${i % 10_000}`),
  }));
  await vault.close();
  expect(forgetEntries({ path, masterKey }, { ...nothing, values: ['v1', 'v9999'] }, '1')).toMatchObject({
    entries: 9,
  });
  const again = await vaultAt(path, masterKey);
  const reveal = again.revealer();
  const gone = tokens.filter(({ token }) => reveal(token) === undefined).map(({ value }) => value);
  expect(gone.toSorted()).toEqual([...Array(5).fill('v1'), ...Array(4).fill('v9999')]);
});

test.skipIf(process.platform === 'win32')(
  'a disk that is full while the file is written anew: said, and finished by the next run',
  async () => {
    const path = newPath();
    const keyText = generateMasterKeyText();
    const key = parseMasterKey(keyText);
    const vault = await vaultAt(path, key);
    for (let at = 0; at < 20; at++) await storeAll(vault, 'n', someValues(1_000, `batch ${at}`));
    await vault.close();
    const list = `${path}.txt`;
    const values = Array.from({ length: 20 }, (_, at) => [...someValues(30, `batch ${at}`)]).flat();
    writeFileSync(list, values.join('\n'));
    const program = join(import.meta.dirname, '..', 'children', 'erase.ts');
    // Room for the transaction, but not for a second copy of the vault.
    const limit = Math.ceil(statSync(path).size / 1024);
    const limited = `ulimit -f ${limit}; exec "$@"`;
    const child = spawnSync(
      'bash',
      ['-c', limited, 'bash', process.execPath, '--conditions=sdp-source', program, path, '', list],
      {
        env: { TEST_KEY: keyText },
        encoding: 'utf8',
      },
    );
    expect(child.status).toBe(1);
    expect(child.stderr).toContain(`code: 'vault-unusable'`);
    const between = await openVault({ path, masterKey: key });
    expect(await between.verify()).toMatchObject({ ok: true });
    await between.close();
    const certificate = forgetEntries({ path, masterKey: key }, { ...nothing, values }, '1');
    expect(certificate).toMatchObject({ complete: true });
    expect(certificate.entries + certificate.erased_before).toBe(600);
  },
  60_000,
);

test('a block that does not open ends the search: nothing is said to be unknown that was not looked for', async () => {
  const path = newPath();
  const vault = await vaultAt(path, masterKey);
  const tokenize = vault.randomTokenizer('r');
  for (const value of someValues(300)) tokenize(value);
  await vault.close();
  const db = new Sqlite(path);
  db.exec('UPDATE vault_block SET nonce = zeroblob(12) WHERE block_id = 2');
  db.close();
  const [value = ''] = someValues(1);
  const isTampered = expect.objectContaining({ code: 'vault-tampered' });
  expect(() => forgetEntries({ path, masterKey }, { ...nothing, values: [value] }, '1')).toThrow(isTampered);
});
