import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFileFor } from '../../../src/files/index.ts';
import { forgetEntries, sweepVault } from '../../../src/vault/erasure/index.ts';
import { backupVault, rekeyVault } from '../../../src/vault/maintenance/index.ts';
import { TemporaryVault } from '../../../src/vault/maintenance/temporary-vault.ts';
import { newMasterKey } from '../vault-fixture.ts';
import { fileAt, filledVault } from './maintenance-fixture.ts';

const masterKey = newMasterKey();

/** What a run leaves beside `target` that was killed while it filled a copy. */
async function abandonedCopy(target: string): Promise<string[]> {
  const child = spawn('true');
  await once(child, 'exit');
  const name = basename(temporaryFileFor(target).path).replace(`-${process.pid}.`, `-${child.pid}.`);
  const paths = ['', '-wal', '-shm', '-journal'].map((suffix) => join(dirname(target), name + suffix));
  for (const path of paths) writeFileSync(path, 'what was erased');
  return paths;
}

const left = (paths: readonly string[]) => paths.filter((path) => existsSync(path));

test.each([
  ['forget', (path: string) => void forgetEntries({ path, masterKey }, { tokens: [], values: ['no such'] }, 'test')],
  ['sweep', (path: string) => sweepVault({ path, masterKey })],
  ['rekey', (path: string) => rekeyVault(fileAt(path, masterKey))],
  ['backup', (path: string) => backupVault({ vaultPath: path, masterKey, output: join(dirname(path), 'backup') })],
])('%s removes what killed runs have left beside its file', async (verb, run) => {
  const { path } = await filledVault(masterKey, 20);
  const target = verb === 'backup' ? join(dirname(path), 'backup') : path;
  const paths = await abandonedCopy(target);
  await run(path);
  expect(left(paths)).toEqual([]);
});

test('what a process is still making stays', async () => {
  const { path } = await filledVault(masterKey, 20);
  const copy = new TemporaryVault(path);
  copy.copyOf(path);
  forgetEntries({ path, masterKey }, { tokens: [], values: ['no such'] }, 'test');
  expect(existsSync(copy.path)).toBe(true);
  copy.discard();
  expect(readdirSync(dirname(path))).toEqual(['v.db']);
});
