import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { canonicalizer } from '@sdp/shared/tokenization';
import { describe, expect, it, test } from 'vitest';
import { pullVault, pushVault } from '../../../src/vault/copies/index.ts';
import { forgetEntries } from '../../../src/vault/erasure/index.ts';
import { openVaultFile, rekeyVault, rewrapVault } from '../../../src/vault/maintenance/index.ts';
import { newMasterKey, vaultAt } from '../vault-fixture.ts';
import { expectHolds, filled, newPath, push } from './copy-fixture.ts';
import { CopyInMemory } from './copy-in-memory.ts';

const masterKey = newMasterKey();

describe('a copy on a server', () => {
  it('makes the vault anew on another machine, entries of every kind', async () => {
    const [first, second, server] = [newPath(), newPath(), new CopyInMemory()];
    const made = await filled(first, masterKey);
    expect(await push(first, masterKey, server)).toEqual({
      ...{ entries: 900, stored: 900, refused: 0, tooLong: 0, erased: 0, removed: 0 },
      ...{ sequence: 2, exact: true },
    });
    const sent = server.sent.length;
    expect(await push(first, masterKey, server)).toMatchObject({ entries: 900, stored: 0, sequence: 2, exact: true });
    // What is there isn't sent again: the second time it only asks.
    expect(server.sent).toHaveLength(sent + 1);
    expect(await pullVault({ path: second, masterKey }, server)).toEqual({
      added: 900,
      known: 0,
      refused: 0,
      erased: 0,
      sequence: 2,
    });
    await expectHolds(second, masterKey, made);
    expect(await pullVault({ path: second, masterKey }, server)).toMatchObject({ added: 0, known: 900 });
    // Nothing is left of what was gathered.
    expect(readdirSync(dirname(second)).filter((name) => name.includes('sdp-tmp'))).toEqual([]);
    // It goes on giving the tokens of the first.
    const vault = await vaultAt(second, masterKey);
    const token = vault.tokenizer('people.name', { canonical: canonicalizer({ steps: ['trim', 'lower'] }) });
    const [text, value] = [...made.token][7] ?? ['', ''];
    expect(token(` ${value.toUpperCase()} `)).toBe(text);
    await vault.close();
  });

  it('shows the server no value, no name of a namespace and no key', async () => {
    const [path, server] = [newPath(), new CopyInMemory()];
    const made = await filled(path, masterKey, 50);
    await push(path, masterKey, server);
    const sent = server.sent.join('\n');
    const opened = Buffer.concat(
      [...server.entriesById.values()].map(({ sealed }) => Buffer.from(sealed, 'base64url')),
    ).toString('latin1');
    for (const value of [...made.token.values(), 'people.name', 'people.card', 'people.session']) {
      if (sent.includes(value) || opened.includes(value)) expect.fail('a value was sent');
    }
    expect(sent).not.toContain(masterKey.export().toString('hex'));
  });

  it('carries on after rewrap and rekey, since neither changes what it is sealed with', async () => {
    const [path, server] = [newPath(), new CopyInMemory()];
    const made = await filled(path, masterKey, 50);
    await push(path, masterKey, server);
    const other = newMasterKey();
    const file = openVaultFile({ path, masterKey });
    rewrapVault(file, { newMaster: other });
    file.db.close();
    const rewrapped = openVaultFile({ path, masterKey: other });
    await rekeyVault(rewrapped);
    expect(await pushVault(rewrapped, server)).toMatchObject({ stored: 0, refused: 0 });
    rewrapped.db.close();
    expect(await pullVault({ path, masterKey: other }, server)).toMatchObject({ added: 0, known: 150 });
    expect(made.token.size).toBe(50);
  });

  it('brings an erasure to every machine', async () => {
    const [first, second, third, server] = [newPath(), newPath(), newPath(), new CopyInMemory(7)];
    const made = await filled(first, masterKey, 20);
    await push(first, masterKey, server);
    await pullVault({ path: second, masterKey }, server);
    const [text = '', value = ''] = [...made.token][3] ?? [];
    await forgetEntries({ path: first, masterKey }, { tokens: [text], values: [] }, 'test');
    expect(await push(first, masterKey, server)).toMatchObject({ stored: 0, erased: 1 });
    // A machine that has it still: its push is refused, its pull erases.
    expect(await push(second, masterKey, server)).toMatchObject({ refused: 1 });
    expect(await pullVault({ path: second, masterKey }, server)).toMatchObject({ erased: 1 });
    await pullVault({ path: third, masterKey }, server);
    for (const path of [first, second, third]) {
      const vault = await vaultAt(path, masterKey);
      expect(vault.revealer()(text)).toBeUndefined();
      const others = [...made.token].filter(([each]) => each !== text);
      for (const [each, expected] of others) expect(vault.revealer()(each)).toBe(expected);
      expect(await vault.verify()).toMatchObject({ ok: true });
      await vault.close();
    }
    expect(value).not.toBe('');
  });

  it('is refused under other keys, and makes no vault then', async () => {
    const [path, other, server] = [newPath(), newPath(), new CopyInMemory()];
    await filled(path, masterKey, 5);
    await push(path, masterKey, server);
    const pulled = pullVault({ path: other, masterKey: newMasterKey() }, server);
    await expect(pulled).rejects.toMatchObject({ code: 'vault-mismatch' });
    expect(existsSync(other)).toBe(false);
  });

  describe('that a server changes', () => {
    const swap = <T>(map: Map<string, T>, change: (a: T, b: T) => [T, T]) => {
      const [[idA, a], [idB, b]] = [...map].slice(0, 2) as [[string, T], [string, T]];
      const [newA, newB] = change(a, b);
      map.set(idA, newA).set(idB, newB);
    };
    const flipped = (text: string, at: number) => {
      const bytes = Buffer.from(text, 'base64url');
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      return bytes.toString('base64url');
    };
    const changes: Record<string, (server: CopyInMemory) => void> = {
      'by swapping two values': ({ entriesById }) =>
        swap(entriesById, (a, b) => [
          { ...a, sealed: b.sealed },
          { ...b, sealed: a.sealed },
        ]),
      'by giving an entry another token': ({ entriesById }) =>
        swap(entriesById, (a, b) => [{ ...a, token: `${a.token.startsWith('0') ? 'f' : '0'}${a.token.slice(1)}` }, b]),
      'by hiding an entry from its erasure': ({ entriesById }) =>
        swap(entriesById, (a, b) => [{ ...a, erasure: b.erasure }, b]),
      'by one bit of a salt': ({ entriesById }) =>
        swap(entriesById, (a, b) => [{ ...a, sealed: flipped(a.sealed, 0) }, b]),
      'by one bit of a nonce': ({ entriesById }) =>
        swap(entriesById, (a, b) => [{ ...a, sealed: flipped(a.sealed, 20) }, b]),
      'by one bit of a tag': ({ entriesById }) =>
        swap(entriesById, (a, b) => [
          { ...a, sealed: flipped(a.sealed, Buffer.from(a.sealed, 'base64url').length - 1) },
          b,
        ]),
      'by cutting a value off': ({ entriesById }) =>
        swap(entriesById, (a, b) => [{ ...a, sealed: a.sealed.slice(0, 8) }, b]),
      'by moving an entry to another namespace': ({ entriesById, namespaces }) => {
        const [one = '', two = ''] = [...namespaces.keys()];
        swap(entriesById, (a, b) => [{ ...a, namespace: a.namespace === one ? two : one }, b]);
      },
      'by naming a namespace that is not there': ({ entriesById }) =>
        swap(entriesById, (a, b) => [{ ...a, namespace: 'ab'.repeat(16) }, b]),
      'by swapping two namespaces': ({ namespaces }) =>
        swap(namespaces, (a, b) => [
          { ...a, sealed: b.sealed },
          { ...b, sealed: a.sealed },
        ]),
    };
    it.each(Object.entries(changes))('%s is found out, and nothing is taken', async (_name, change) => {
      const [path, other, server] = [newPath(), newPath(), new CopyInMemory()];
      await filled(path, masterKey, 20);
      await push(path, masterKey, server);
      change(server);
      await expect(pullVault({ path: other, masterKey }, server)).rejects.toMatchObject({
        code: expect.stringMatching(/^(?:server-response-invalid|vault-mismatch)$/),
      });
      expect(readdirSync(dirname(other))).toEqual([]);
    });
  });
});

test('a certificate names the copy that still has the value, until the next push', async () => {
  const [path, server] = [newPath(), new CopyInMemory()];
  const made = await filled(path, masterKey, 5);
  await push(path, masterKey, server);
  const [text = ''] = [...made.token][2] ?? [];
  const certificate = await forgetEntries({ path, masterKey }, { tokens: [text], values: [] }, 'test');
  expect(certificate.not_reached).toContain('the copy on https://sdp.example.com, until `sdp vault push`');
  expect(server.entriesById.size).toBe(15);
  expect(await push(path, masterKey, server)).toMatchObject({ erased: 1, exact: true });
  expect(server.entriesById.size).toBe(14);
});

test('a vault that lacks a row is not pushed as if the entry had never been', async () => {
  const [path, server] = [newPath(), new CopyInMemory()];
  await filled(path, masterKey, 5);
  const file = openVaultFile({ path, masterKey });
  file.db.exec('DELETE FROM token_vault WHERE ref = 130');
  file.db.close();
  await expect(push(path, masterKey, server)).rejects.toMatchObject({ code: 'vault-tampered' });
});
