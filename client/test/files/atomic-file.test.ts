import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AtomicFile, fileIdentity } from '../../src/files/index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sdp-atomic-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = Buffer.from('content');

describe('AtomicFile', () => {
  it('appears with its whole content when it is published, and not before', async () => {
    const path = join(folder, 'a.csv');
    const file = await AtomicFile.create(path);
    await file.write(bytes);
    await file.sync();
    expect(readdirSync(folder)).not.toContain('a.csv');
    await file.publish();
    expect(readdirSync(folder)).toEqual(['a.csv']);
    expect(readFileSync(path)).toEqual(bytes);
    expect(file.bytes).toBe(bytes.length);
  });

  it('leaves nothing when it is discarded, and the old file as it was', async () => {
    const path = join(folder, 'a.csv');
    writeFileSync(path, 'old');
    const file = await AtomicFile.create(path);
    await file.write(bytes);
    await file.discard();
    await file.discard();
    expect(readdirSync(folder)).toEqual(['a.csv']);
    expect(readFileSync(path, 'utf8')).toBe('old');
  });

  it('does not take back what was published', async () => {
    const file = await AtomicFile.create(join(folder, 'a.csv'));
    await file.publish();
    await file.discard();
    expect(readdirSync(folder)).toEqual(['a.csv']);
  });

  it('is closed to others while it is written, and gets the mode asked for', async () => {
    const file = await AtomicFile.create(join(folder, 'a.csv'), { mode: 0o640 });
    const [temporary = ''] = readdirSync(folder);
    expect(statSync(join(folder, temporary)).mode & 0o777).toBe(0o600);
    await file.publish();
    expect(statSync(join(folder, 'a.csv')).mode & 0o777).toBe(0o640 & ~process.umask());
  });

  it('keeps the mode of a file that it replaces', async () => {
    const path = join(folder, 'a.csv');
    writeFileSync(path, 'old');
    chmodSync(path, 0o604);
    const file = await AtomicFile.create(path, { mode: 0o600 });
    await file.publish();
    expect(statSync(path).mode & 0o777).toBe(0o604);
  });

  it('makes the file that a link points to, and leaves the link', async () => {
    symlinkSync('there.csv', join(folder, 'link.csv'));
    const file = await AtomicFile.create(join(folder, 'link.csv'));
    await file.write(bytes);
    await file.publish();
    expect(lstatSync(join(folder, 'link.csv')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, 'there.csv'))).toEqual(bytes);
  });

  it('replaces what a link points to, and leaves the link', async () => {
    mkdirSync(join(folder, 'deep'));
    writeFileSync(join(folder, 'deep/real.csv'), 'old');
    symlinkSync('deep/real.csv', join(folder, 'a.csv'));
    const file = await AtomicFile.create(join(folder, 'a.csv'));
    await file.write(bytes);
    await file.publish();
    expect(readFileSync(join(folder, 'deep/real.csv'))).toEqual(bytes);
    expect(readdirSync(join(folder, 'deep'))).toEqual(['real.csv']);
  });

  it('refuses to replace a file that is being read, under whatever name', async () => {
    const input = join(folder, 'in.csv');
    writeFileSync(input, 'data');
    linkSync(input, join(folder, 'hard.csv'));
    symlinkSync('in.csv', join(folder, 'soft.csv'));
    const mustNotBe = [await fileIdentity(input)];
    for (const name of ['in.csv', 'hard.csv', 'soft.csv']) {
      await expect(AtomicFile.create(join(folder, name), { mustNotBe })).rejects.toMatchObject({
        code: 'usage-invalid',
      });
    }
    expect(readdirSync(folder).length).toBe(3);
  });

  it('says why it cannot be written', async () => {
    await expect(AtomicFile.create(join(folder, 'no/a.csv'))).rejects.toMatchObject({
      code: 'output-unwritable',
      message: 'The folder of the output does not exist',
    });
    await expect(AtomicFile.create(folder)).rejects.toMatchObject({ code: 'output-unwritable' });
  });

  it('writes to devices directly', async () => {
    const file = await AtomicFile.create('/dev/null');
    await file.write(bytes);
    await file.publish();
    expect(statSync('/dev/null').isFile()).toBe(false);
  });

  it.runIf(process.platform === 'linux')('reports a full disk', async () => {
    const file = await AtomicFile.create('/dev/full');
    await expect(file.write(bytes)).rejects.toMatchObject({
      code: 'output-unwritable',
      message: 'The output cannot be written: the disk is full',
    });
    await file.discard();
  });
});
