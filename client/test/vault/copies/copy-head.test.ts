import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { VaultCopyPush } from '@sdp/shared/contracts';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { pullVault } from '../../../src/vault/copies/index.ts';
import { forgetEntries } from '../../../src/vault/erasure/index.ts';
import { openVault } from '../../../src/vault/index.ts';
import { newMasterKey, someValues, storeAll } from '../vault-fixture.ts';
import { expectHolds, filled, newPath, push } from './copy-fixture.ts';
import { CopyInMemory } from './copy-in-memory.ts';

const masterKey = newMasterKey();
const isIncomplete = expect.objectContaining({ code: 'vault-copy-incomplete' });

/** What a server would have to keep to go back to it. */
function stateOf(server: CopyInMemory) {
  const maps = [server.namespaces, server.entriesById, server.erasuresById] as Map<string, unknown>[];
  const kept = maps.map((map) => [...map]);
  const { head } = server;
  return () => {
    for (const [i, map] of maps.entries()) {
      map.clear();
      for (const [id, row] of kept[i] ?? []) map.set(id, row);
    }
    server.head = head;
  };
}

async function storeMore(path: string, label: string) {
  const vault = await openVault({ path, masterKey, create: true });
  await storeAll(vault, 'more', someValues(30, label));
  await vault.close();
}

/** Pushed, added to, with an erasure, and pushed again. */
async function pushedTwice(atEnd?: Parameters<typeof newPath>[0]) {
  const [path, server] = [newPath(atEnd), new CopyInMemory(7)];
  await filled(path, masterKey, 20);
  await push(path, masterKey, server);
  const goBack = stateOf(server);
  await storeMore(path, 'later');
  forgetEntries({ path, masterKey }, { tokens: [], values: [...someValues(3)] }, 'test');
  await push(path, masterKey, server);
  return { path, server, goBack };
}

describe('a server is found out, and nothing is taken, that', () => {
  const cheats: Record<string, (server: CopyInMemory) => void> = {
    'leaves an entry away': ({ entriesById }) => entriesById.delete([...entriesById.keys()][5] ?? ''),
    'leaves two entries away': ({ entriesById }) => {
      for (const id of [...entriesById.keys()].slice(3, 5)) entriesById.delete(id);
    },
    'leaves all entries away': ({ entriesById }) => entriesById.clear(),
    'gives one entry in the place of another': ({ entriesById }) => {
      const [[, first], [second]] = [...entriesById] as [[string, never], [string, never]];
      entriesById.set(second, first);
    },
    'leaves an erasure away': ({ erasuresById }) => erasuresById.delete([...erasuresById.keys()][0] ?? ''),
    'moves an erasure to another day': ({ erasuresById }) => {
      const [id = '', erasure] = [...erasuresById][0] ?? [];
      if (erasure !== undefined) erasuresById.set(id, { ...erasure, erased_on: erasure.erased_on + 1 });
    },
    'makes up the erasure of an entry that is there': ({ entriesById, erasuresById }) => {
      const { namespace, erasure } = [...entriesById.values()][0] ?? expect.fail('no entries');
      erasuresById.set(`${namespace}.${erasure}`, { namespace, erasure, erased_on: 20_000 });
    },
    'leaves a namespace away': ({ namespaces, entriesById, erasuresById }) => {
      const [name = ''] = namespaces.keys();
      namespaces.delete(name);
      for (const map of [entriesById, erasuresById] as Map<string, { namespace: string }>[]) {
        for (const [id, row] of map) if (row.namespace === name) map.delete(id);
      }
    },
    'gives no head': (server) => {
      server.head = null;
    },
    'gives the head another number': (server) => {
      if (server.head !== null) server.head = { ...server.head, sequence: server.head.sequence + 1 };
    },
  };
  let server: CopyInMemory;
  let asPushed: () => void;
  beforeAll(async () => {
    ({ server } = await pushedTwice(afterAll));
    asPushed = stateOf(server);
  });
  it.each(Object.entries(cheats))('%s', async (_name, cheat) => {
    asPushed();
    cheat(server);
    const other = newPath();
    await expect(pullVault({ path: other, masterKey }, server)).rejects.toMatchObject({
      code: expect.stringMatching(/^(?:vault-copy-incomplete|server-response-invalid|vault-mismatch)$/),
    });
    expect(readdirSync(dirname(other))).toEqual([]);
  });

  it('puts the whole copy back to an older state', async () => {
    const { path, server, goBack } = await pushedTwice();
    const second = newPath();
    await pullVault({ path: second, masterKey }, server);
    const { sequence } = server.head ?? expect.fail('no head');
    goBack();
    for (const each of [path, second]) {
      await expect(pullVault({ path: each, masterKey }, server)).rejects.toThrow(isIncomplete);
      await expect(push(each, masterKey, server)).rejects.toThrow(isIncomplete);
    }
    // A machine that has seen nothing can't know, unless it is told the number.
    const third = newPath();
    await expect(pullVault({ path: third, masterKey }, server, { atLeast: sequence })).rejects.toThrow(isIncomplete);
    // A new copy has a higher number than any before.
    expect(await push(path, masterKey, server, true)).toMatchObject({ exact: true });
    expect(server.head?.sequence).toBeGreaterThan(sequence);
    expect(await pullVault({ path: third, masterKey }, server, { atLeast: sequence })).toMatchObject({ added: 81 });
  });

  it('loses the copy, or shows an old one from before it was begun anew', async () => {
    const { path, server, goBack } = await pushedTwice();
    await push(path, masterKey, server, true);
    const now = stateOf(server);
    goBack();
    await expect(pullVault({ path, masterKey }, server)).rejects.toThrow(isIncomplete);
    await server.remove();
    await expect(push(path, masterKey, server)).rejects.toThrow(isIncomplete);
    now();
    expect(await push(path, masterKey, server)).toMatchObject({ stored: 0, exact: true });
  });

  it('takes nothing in but says so', async () => {
    class Forgetful extends CopyInMemory {
      override async push({ head, namespaces }: VaultCopyPush) {
        return await super.push({ head, namespaces, entries: [] });
      }
    }
    const [path, server] = [newPath(), new Forgetful()];
    await filled(path, masterKey, 5);
    await push(path, masterKey, server);
    await expect(pullVault({ path: newPath(), masterKey }, server)).rejects.toThrow(isIncomplete);
  });
});

test('two machines that push at the same moment lose nothing', async () => {
  const [first, second, server] = [newPath(), newPath(), new CopyInMemory()];
  const made = await filled(first, masterKey, 40);
  await storeMore(second, 'second');
  let interfere = true;
  const racing = Object.assign(Object.create(server) as CopyInMemory, {
    lookup: async (ids: Parameters<CopyInMemory['lookup']>[0]) => {
      const known = await server.lookup(ids);
      if (interfere) {
        interfere = false;
        await push(second, masterKey, server);
      }
      return known;
    },
    push: (request: VaultCopyPush) => server.push(request),
  });
  expect(await push(first, masterKey, racing)).toMatchObject({ stored: 120, exact: false });
  const third = newPath();
  expect(await pullVault({ path: third, masterKey }, server)).toMatchObject({ added: 150 });
  await expectHolds(third, masterKey, made);
});

test('a push whose answer is lost goes on, and counts nothing twice', async () => {
  const [path, server] = [newPath(), new CopyInMemory()];
  await filled(path, masterKey, 10);
  const lossy = Object.assign(Object.create(server) as CopyInMemory, {
    // As the client does when the connection breaks: it sends the same again.
    push: async (request: VaultCopyPush) => {
      await server.push(request);
      return await server.push(request);
    },
  });
  expect(await push(path, masterKey, lossy)).toMatchObject({ entries: 30, exact: true });
  expect(await pullVault({ path: newPath(), masterKey }, server)).toMatchObject({ added: 30 });
});

test('what another machine pushes while a copy is being read is read as well', async () => {
  const [path, server] = [newPath(), new CopyInMemory(7)];
  await filled(path, masterKey, 20);
  await push(path, masterKey, server);
  await storeMore(path, 'meanwhile');
  let interfere = true;
  const racing = Object.assign(Object.create(server) as CopyInMemory, {
    describe: () => server.describe(),
    entries: async (cursor: string | undefined) => {
      // Before the first page: behind it, all of the new entries may sort before the cursor, and the older state is whole.
      if (interfere) await push(path, masterKey, server);
      interfere = false;
      return server.entries(cursor);
    },
    erasures: (cursor: string | undefined) => server.erasures(cursor),
  });
  expect(await pullVault({ path: newPath(), masterKey }, racing)).toMatchObject({ added: 90 });
});

test('where nothing was pushed, no vault is made', async () => {
  const path = newPath();
  await expect(pullVault({ path, masterKey }, new CopyInMemory())).rejects.toMatchObject({ code: 'not-found' });
  expect(readdirSync(dirname(path))).toEqual([]);
});
