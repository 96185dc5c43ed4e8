import { join } from 'node:path';
import { canonicalizer } from '@sdp/shared/tokenization';
import Sqlite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { openVault } from '../../src/vault/index.ts';
import { newMasterKey, someValues, storeAll, temporaryFolder, vaultAt } from './vault-fixture.ts';

const masterKey = newMasterKey();
const newPath = () => join(temporaryFolder(), 'v.db');

describe('random tokens', () => {
  test('each cell has its own, and each leads back', async () => {
    const path = newPath();
    const vault = await vaultAt(path, masterKey);
    const tokenize = vault.randomTokenizer('r');
    const values = Array.from({ length: 3_000 }, (_, i) => `value ${i % 7}`);
    const tokens = values.map(tokenize);
    expect(tokenize('')).toBe('');
    await vault.flush();
    expect(new Set(tokens).size).toBe(3_000);
    expect(tokens.every((token) => /^tok_[0-9a-f]{32}$/.test(token))).toBe(true);
    const again = await openVault({ path, masterKey, readOnly: true });
    const reveal = again.revealer(['r']);
    expect(tokens.map(reveal)).toEqual(values);
    expect(await again.verify()).toMatchObject({ ok: true, entries: 3_000 });
    expect(again.stats().namespaces).toMatchObject([{ namespace: 'r', kind: 'random', canonical: '' }]);
    await again.close();
  });

  test('half a surrogate pair is refused', async () => {
    const vault = await vaultAt(newPath(), masterKey);
    expect(() => vault.randomTokenizer('r')('\ud800')).toThrow(expect.objectContaining({ code: 'csv-encoding' }));
  });
});

describe('canonical forms', () => {
  const canonical = canonicalizer({ steps: ['trim', 'lower', 'nfc'] });
  const cells = ['Ada@X.example', 'ada@x.example', ' ada@x.example', 'Ada@X.example', 'bob@x.example', 'BOB@x.example'];

  test('one token for all spellings; the first comes back, cells with another are counted', async () => {
    const path = newPath();
    const vault = await vaultAt(path, masterKey);
    const tokenize = vault.tokenizer('e', { canonical });
    const tokens = cells.map(tokenize);
    await vault.flush();
    expect(new Set(tokens).size).toBe(2);
    expect(tokens[0]).toBe(vault.tokenOf('e')('ada@x.example'));
    expect(tokens[0]).toBe(vault.tokenOf('e', canonical)('ADA@x.example '));
    expect(tokens.map(vault.revealer())).toEqual([
      ...Array(4).fill('Ada@X.example'),
      ...Array(2).fill('bob@x.example'),
    ]);
    expect(vault.spellings('e')).toBe(3);
    // The worker has answered by now: repeated cells are counted at once.
    tokenize('ada@x.example');
    tokenize('Ada@X.example');
    expect(vault.spellings('e')).toBe(4);
    await vault.close();
    const again = await vaultAt(path, masterKey);
    expect(['ADA@X.EXAMPLE', 'bob@x.example', 'Ada@X.example', 'new'].map(again.tokenizer('e', { canonical }))).toEqual(
      [tokens[0], tokens[4], tokens[0], again.tokenOf('e')('new')],
    );
    await again.flush();
    expect(again.spellings('e')).toBe(1);
    expect(again.revealer()(String(tokens[0]))).toBe('Ada@X.example');
    expect(await again.verify()).toMatchObject({ ok: true, entries: 3 });
  });

  test('the first spelling in the order of the file stays, over batches and columns', async () => {
    const vault = await vaultAt(newPath(), masterKey);
    const [left, right] = [vault.tokenizer('e', { canonical }), vault.tokenizer('e', { canonical })];
    const count = 210_000;
    for (let i = 0; i < count; i++) {
      left(`Person.${i}@x.example`);
      right(`person.${i % 1_000}@x.example`);
      if (i % 5_000 === 0) await vault.drain();
    }
    await vault.flush();
    expect(vault.revealer()(vault.tokenOf('e')('person.7@x.example'))).toBe('Person.7@x.example');
    expect(vault.spellings('e')).toBe(count);
    expect(await vault.verify()).toMatchObject({ ok: true, entries: count });
  }, 60_000);
});

describe('surrogates', () => {
  /** A candidate space of `size` texts. */
  const small = (vault: { keyed(namespace: string): { hash(label: string, value: string): string } }, size: number) => {
    const { hash } = vault.keyed('s');
    return (value: string, attempt: number) =>
      `s${Number.parseInt(hash('test', `${attempt} ${value}`).slice(0, 12), 16) % size}`;
  };

  test('one a value, none twice, in a space that is nearly full, also over runs', async () => {
    const path = newPath();
    const vault = await vaultAt(path, masterKey);
    const values = [...someValues(950)];
    const make = vault.surrogates('s', small(vault, 1_000));
    const given = values.map(make);
    expect(new Set(given).size).toBe(950);
    expect(values.map(make)).toEqual(given);
    await vault.flush();
    expect(values.map(make)).toEqual(given);
    await vault.close();
    const again = await vaultAt(path, masterKey);
    const more = [...someValues(40, 'more')];
    const makeAgain = again.surrogates('s', small(again, 1_000));
    const givenMore = more.map(makeAgain);
    expect(values.toReversed().map(makeAgain)).toEqual(given.toReversed());
    await again.flush();
    expect(new Set([...given, ...givenMore]).size).toBe(990);
    const reveal = again.surrogateRevealer('s');
    expect([...given, ...givenMore].map(reveal)).toEqual([...values, ...more]);
    expect(reveal('s1000')).toBeUndefined();
    expect(again.revealer()('s1')).toBeUndefined();
    expect(await again.verify()).toMatchObject({ ok: true, entries: 990 });
  });

  test('a space that is full is told', async () => {
    const vault = await vaultAt(newPath(), masterKey);
    const make = vault.surrogates('s', small(vault, 5));
    expect(() => [...someValues(6)].map(make)).toThrow(expect.objectContaining({ code: 'surrogates-exhausted' }));
  });

  test('spellings share a surrogate', async () => {
    const canonical = canonicalizer({ steps: ['lower'] });
    const path = newPath();
    const vault = await vaultAt(path, masterKey);
    const make = vault.surrogates('s', small(vault, 100), { canonical });
    expect(new Set([make('Ada'), make('ADA'), make('ada'), make('ADA')]).size).toBe(1);
    await vault.flush();
    expect(vault.spellings('s')).toBe(3);
    expect(vault.surrogates('s', small(vault, 100), { canonical })('aDa')).toBe(make('Ada'));
    expect(vault.surrogateRevealer('s')(make('ada'))).toBe('Ada');
    expect(await vault.verify()).toMatchObject({ ok: true, entries: 1 });
  });

  test('two runs at once: one that gave a surrogate to another value is stopped', async () => {
    const path = newPath();
    const [one, other] = [await vaultAt(path, masterKey), await vaultAt(path, masterKey)];
    const sameForAll = (value: string, attempt: number) => (attempt === 0 ? 'taken' : `${value} ${attempt}`);
    expect(one.surrogates('s', sameForAll)('a')).toBe('taken');
    expect(other.surrogates('s', sameForAll)('b')).toBe('taken');
    await one.flush();
    await expect(other.flush()).rejects.toThrow(expect.objectContaining({ code: 'surrogate-raced' }));
    const third = await vaultAt(path, masterKey);
    expect(third.surrogates('s', sameForAll)('b')).toBe('b 1');
    await third.flush();
    expect(third.surrogateRevealer('s')('taken')).toBe('a');
    expect(await third.verify()).toMatchObject({ ok: true, entries: 2 });
  });

  test('two runs at once with the same values agree', async () => {
    const path = newPath();
    const [one, other] = [await vaultAt(path, masterKey), await vaultAt(path, masterKey)];
    const values = [...someValues(5_000)];
    const [left, right] = [one.surrogates('s', small(one, 1e9)), other.surrogates('s', small(other, 1e9))];
    expect(values.map(left)).toEqual(values.map(right));
    await Promise.all([one.flush(), other.flush()]);
    expect(await one.verify()).toMatchObject({ ok: true, entries: 5_000 });
  });
});

describe('a namespace is used in one way for life', () => {
  const lower = canonicalizer({ steps: ['lower'] });
  const mismatch = expect.objectContaining({ code: 'namespace-mismatch' });

  test('in one run and in later ones', async () => {
    const path = newPath();
    const vault = await vaultAt(path, masterKey);
    await storeAll(vault, 'n', ['a']);
    expect(() => vault.randomTokenizer('n')).toThrow(mismatch);
    expect(() => vault.tokenizer('n', { canonical: lower })).toThrow(mismatch);
    vault.tokenizer('m', { canonical: lower });
    expect(() => vault.tokenizer('m')).toThrow(mismatch);
    await vault.close();
    const again = await vaultAt(path, masterKey);
    expect(() => again.surrogates('n', (value) => value)).toThrow(mismatch);
    expect(() => again.tokenizer('n', { canonical: canonicalizer({ steps: [] }) })).not.toThrow();
  });

  test('also where another process comes first', async () => {
    const path = newPath();
    const [one, other] = [await vaultAt(path, masterKey), await vaultAt(path, masterKey)];
    one.tokenizer('n')('a');
    other.randomTokenizer('n')('a');
    await one.flush();
    await expect(other.flush()).rejects.toThrow(mismatch);
  });
});

test('keys of methods that store nothing: one a namespace and label, the same in every vault of a master key', async () => {
  const [one, other] = [await vaultAt(newPath(), masterKey), await vaultAt(newPath(), masterKey)];
  const { hash, fpe } = one.keyed('n');
  expect(hash('a', 'x')).toMatch(/^[0-9a-f]{64}$/);
  expect(other.keyed('n').hash('a', 'x')).toBe(hash('a', 'x'));
  expect(other.keyed('n').fpe().equals(fpe())).toBe(true);
  expect(new Set([hash('a', 'x'), hash('b', 'x'), hash('a', 'y'), one.keyed('m').hash('a', 'x')]).size).toBe(4);
  expect(one.keyed('m').fpe().equals(fpe())).toBe(false);
});

test('the days of last use are kept where values expire, also for values that were there before', async () => {
  const path = newPath();
  const vault = await vaultAt(path, masterKey);
  await storeAll(vault, 'n', ['old', 'older']);
  const tokenize = vault.tokenizer('n', { expiresDays: 30 });
  tokenize('old');
  tokenize('new');
  await vault.flush();
  expect(vault.stats().namespaces).toMatchObject([{ expiresDays: 30, entries: 3 }]);
  expect(await vault.verify()).toMatchObject({ ok: true });
  const db = new Sqlite(path);
  const tails = db.prepare('SELECT length(tail) FROM token_vault ORDER BY 1').pluck().all();
  expect(tails).toEqual([4, 6, 6]);
  // The same day again changes nothing, a later use with another expiry does.
  const before = db.prepare(`SELECT value FROM vault_meta WHERE name = 'state'`).pluck().get();
  vault.tokenizer('n', { expiresDays: 30 })('new');
  await vault.flush();
  expect(db.prepare(`SELECT value FROM vault_meta WHERE name = 'state'`).pluck().get()).toEqual(before);
  vault.tokenizer('n', { expiresDays: 60 })('older');
  await vault.flush();
  expect(vault.stats().namespaces).toMatchObject([{ expiresDays: 60 }]);
  expect(await vault.verify()).toMatchObject({ ok: true });
  db.close();
});
