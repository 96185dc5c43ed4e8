import { randomBytes } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateMasterKeyText, parseMasterKey } from '@sdp/shared/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Spool } from '../../src/events/index.ts';
import { temporaryFolder } from '../support/run-command.ts';

const masterKey = parseMasterKey(generateMasterKeyText());
const mebibyte = 1024 * 1024;

describe('a spool', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;
  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder.path, 'spool');
  });
  afterEach(() => folder.remove());

  const open = (at = path, maxBytes = 64 * mebibyte, key = masterKey) =>
    Spool.open({ folder: at, masterKey: key, maxBytes });
  const append = (spool: Spool, ...lines: string[]) => spool.append(lines, { at: 1_000 });
  const segments = (at = path) =>
    readdirSync(at)
      .filter((name) => /^\d+\.segment$/.test(name))
      .sort();
  /** Leaves the files as a process that was killed would, whatever `close` would have tidied up. */
  const abandoned = async (spool: Spool, to: string) => {
    cpSync(path, to, { recursive: true });
    await spool.close();
    return to;
  };

  it('gives back in order what it was given, over closing and opening', async () => {
    let spool = await open();
    await append(spool, 'a', 'b');
    await append(spool, 'c');
    expect(await spool.peek(10, mebibyte)).toEqual({ first: 0, lines: ['a', 'b', 'c'] });
    await spool.settle(1);
    await spool.close();
    spool = await open();
    expect(spool.nextSequence).toBe(3);
    expect(await spool.peek(1, mebibyte)).toEqual({ first: 1, lines: ['b'] });
    expect(await spool.peek(10, mebibyte)).toEqual({ first: 1, lines: ['b', 'c'] });
    await spool.settle(3);
    await spool.close();
    expect(segments()).toEqual([]);
    spool = await open();
    await append(spool, 'd');
    expect(await spool.peek(10, mebibyte)).toEqual({ first: 3, lines: ['d'] });
    await spool.close();
  });

  it('takes no new file for a damaged one although all before it were delivered and are gone', async () => {
    const spool = await open(path, mebibyte);
    // Full files go as soon as they are delivered, and what is remembered is how long the last one was.
    await append(spool, 'x'.repeat(70_000));
    await spool.peek(10, mebibyte);
    await spool.settle(1);
    expect(segments()).toEqual([]);
    const first = await open(await abandoned(spool, join(folder.path, 'first')), mebibyte);
    await append(first, 'y');
    const second = join(folder.path, 'second');
    cpSync(first.folder, second, { recursive: true });
    await first.close();
    const third = await open(second, mebibyte);
    expect(await third.peek(10, mebibyte)).toEqual({ first: 1, lines: ['y'] });
    await third.close();
  });

  it('loses nothing that it had taken when its last file is cut off at any byte', async () => {
    const spool = await open();
    const ends: { bytes: number; events: number }[] = [];
    const lines = Array.from({ length: 3 }, (_, index) => `event ${index} ${'x'.repeat(index * 7)}`);
    for (const line of lines) {
      await append(spool, line, `${line} again`);
      ends.push({ bytes: spool.bytes, events: ends.length * 2 + 2 });
    }
    const copy = await abandoned(spool, join(folder.path, 'copy'));
    const [name = ''] = segments(copy);
    const whole = statSync(join(copy, name)).size;
    expect(ends.at(-1)?.bytes).toBe(whole);
    for (let bytes = 0; bytes < whole; bytes += 1) {
      const at = join(folder.path, `cut-${bytes}`);
      cpSync(copy, at, { recursive: true });
      truncateSync(join(at, name), bytes);
      const cut = await open(at);
      const expected = ends.findLast((end) => end.bytes <= bytes)?.events ?? 0;
      expect((await cut.peek(100, mebibyte)).lines).toEqual(
        lines.flatMap((line) => [line, `${line} again`]).slice(0, expected),
      );
      expect(cut.nextSequence, `cut at ${bytes}`).toBe(expected);
      await append(cut, 'next');
      expect((await cut.peek(100, mebibyte)).lines.at(-1)).toBe('next');
      await cut.close();
    }
  });

  it('takes zeros or noise at the end of its last file for what a power cut leaves', async () => {
    for (const noise of [Buffer.alloc(200), randomBytes(200)]) {
      const spool = await open();
      await append(spool, 'a');
      const copy = await abandoned(spool, join(folder.path, randomBytes(4).toString('hex')));
      const file = join(copy, segments(copy).at(-1) ?? '');
      writeFileSync(file, Buffer.concat([readFileSync(file), noise]));
      const opened = await open(copy);
      expect(opened.cutBytes).toBeGreaterThan(0);
      expect((await opened.peek(10, mebibyte)).lines.at(-1)).toBe('a');
      await opened.close();
    }
  });

  it('says so when anything else of it was changed', async () => {
    const spool = await open();
    for (const line of ['a', 'b', 'c']) await append(spool, line);
    await spool.settle(0);
    const copy = await abandoned(spool, join(folder.path, 'copy'));
    const [name = ''] = segments(copy);
    const bytes = readFileSync(join(copy, name));
    for (let at = 0; at < bytes.length; at += 1) {
      const folderOf = join(folder.path, `flip-${at}`);
      cpSync(copy, folderOf, { recursive: true });
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ 1;
      writeFileSync(join(folderOf, name), changed);
      const outcome = await open(folderOf).then(
        async (opened) => {
          const read = await opened.peek(10, mebibyte).then(
            ({ lines }) => lines,
            (error: { code: string }) => error.code,
          );
          await opened.close();
          return read;
        },
        (error: { code: string }) => error.code,
      );
      expect(outcome, `changed at ${at}`).toBe('spool-damaged');
    }
  });

  it('opens with its own key alone, and to one process at a time', async () => {
    const spool = await open();
    await append(spool, 'a');
    await expect(open()).rejects.toMatchObject({ code: 'spool-busy' });
    await spool.close();
    await expect(open(path, mebibyte, parseMasterKey(generateMasterKeyText()))).rejects.toMatchObject({
      code: 'spool-wrong-key',
    });
  });

  it('shows nothing of what it holds', async () => {
    const spool = await open();
    await append(spool, 'the quick brown fox');
    await spool.rejects.append([{ at: '', by: 'client', code: 'x', reason: 'y', event: 'jumps over the lazy dog' }]);
    const files = readdirSync(path).map((name) => readFileSync(join(path, name)));
    for (const bytes of files) expect(bytes.includes('fox') || bytes.includes('dog')).toBe(false);
    for (const name of readdirSync(path)) expect(statSync(join(path, name)).mode & 0o077, name).toBe(0);
    await spool.close();
  });

  it('keeps files of a bounded size, and deletes them as their events are delivered', async () => {
    const spool = await open(path, 2 * mebibyte);
    const line = 'x'.repeat(30_000);
    let count = 0;
    while (spool.hasRoomFor(line.length)) {
      await append(spool, line);
      count += 1;
    }
    expect(spool.bytes).toBeLessThanOrEqual(2 * mebibyte);
    expect(segments().length).toBeGreaterThan(8);
    await spool.settle(Math.floor(count / 2));
    expect(spool.hasRoomFor(line.length * 10)).toBe(true);
    let read = Math.floor(count / 2);
    for (;;) {
      const { first, lines } = await spool.peek(7, mebibyte);
      if (lines.length === 0) break;
      expect(first).toBe(read);
      read += lines.length;
      await spool.settle(read);
    }
    expect(read).toBe(count);
    expect(segments()).toHaveLength(1);
    await spool.close();
  });

  it('gives no number twice when what counts them is gone', async () => {
    const first = await open();
    const { id } = first;
    await append(first, 'a');
    await first.settle(1);
    await first.close();
    writeFileSync(join(path, 'progress'), '');
    const second = await open();
    expect(second.id).not.toBe(id);
    await second.close();
  });
});
