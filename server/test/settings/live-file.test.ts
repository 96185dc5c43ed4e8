import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@sdp/shared/errors';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { LiveFile } from '../../src/settings/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'sdp-live-file-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const path = join(folder, 'file');
const named = join(folder, 'named');
const taken: string[] = [];
const broken: string[] = [];
let live: LiveFile<string> | undefined;
beforeEach(() => {
  taken.length = 0;
  broken.length = 0;
  writeFileSync(path, 'one');
  writeFileSync(named, 'secret 1');
});
afterEach(() => live?.close());

function open(): LiveFile<string> {
  live = new LiveFile<string>({
    path,
    everyMs: 3_600_000,
    load: (text, read) => {
      if (text.startsWith('wrong')) throw new ConfigError('config-invalid', { message: text });
      return text.startsWith('names') ? `${text}: ${read(named) ?? 'nothing'}` : text;
    },
    onChange: (current) => void taken.push(current),
    onBroken: async ({ code }) => void broken.push(code),
  });
  return live;
}

it('takes up what has changed, once, by the bytes of the file', async () => {
  const file = open();
  await file.look();
  writeFileSync(path, 'one');
  await file.look();
  expect(taken).toEqual([]);
  writeFileSync(path, 'two');
  await file.look();
  await file.look();
  writeFileSync(`${path}.new`, 'six');
  renameSync(`${path}.new`, path);
  await file.look();
  expect(taken).toEqual(['two', 'six']);
  expect(file.current).toBe('six');
});

it('keeps what is in force where the file is wrong or away, and says so once for each', async () => {
  const file = open();
  writeFileSync(path, 'wrong');
  await file.look();
  await file.look();
  rmSync(path);
  await file.look();
  await file.look();
  expect([file.current, broken]).toEqual(['one', ['config-invalid', 'config-unreadable']]);
  writeFileSync(path, 'one');
  await file.look();
  expect([taken, file.current]).toEqual([['one'], 'one']);
});

it('looks at the files that it names too', async () => {
  writeFileSync(path, 'names');
  const file = open();
  writeFileSync(named, 'secret 2');
  await file.look();
  rmSync(named);
  await file.look();
  expect(taken).toEqual(['names: secret 2', 'names: nothing']);
  writeFileSync(path, 'three');
  await file.look();
  writeFileSync(named, 'secret 3');
  await file.look();
  expect(taken.slice(2)).toEqual(['three']);
});

it('waits until a file stands still that is being written', async () => {
  const file = open();
  let text = 'wrong';
  writeFileSync(path, text);
  const writing = setInterval(() => {
    text = text.length < 20 ? `${text}.` : 'whole';
    writeFileSync(path, text);
    if (text === 'whole') clearInterval(writing);
  }, 10);
  await file.look();
  expect([taken, broken]).toEqual([['whole'], []]);
});

it('does not start with a file that is wrong or away', () => {
  writeFileSync(path, 'wrong');
  expect(open).toThrow(ConfigError);
  rmSync(path);
  expect(open).toThrow(expect.objectContaining({ code: 'config-unreadable' }));
});
