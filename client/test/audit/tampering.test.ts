import { createHash } from 'node:crypto';
import { appendFileSync, copyFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/run-command.ts';
import { auditFixture, revealEvent } from './audit-fixture.ts';

let folder: ReturnType<typeof temporaryFolder>;
let fixture: ReturnType<typeof auditFixture>;
beforeEach(() => {
  folder = temporaryFolder();
  fixture = auditFixture(folder.path);
  fixture.fill(3);
});
afterEach(() => folder.remove());

const lines = () => readFileSync(fixture.place.logPath, 'utf8').split('\n').slice(0, -1);
const writeLines = (changed: readonly string[]) =>
  writeFileSync(fixture.place.logPath, changed.map((line) => `${line}\n`).join(''));
const headPath = () => join(fixture.place.headFolder, readdirSync(fixture.place.headFolder)[0] ?? '');
const damage = async () => (await fixture.verify())?.damage;
const appendCode = () => {
  try {
    fixture.log().append(revealEvent);
    return 'appended';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('an audit log as it was written', () => {
  it('is whole: its beginning, three reveals and their outcomes', async () => {
    expect(await fixture.verify()).toEqual({
      path: fixture.place.logPath,
      lines: 7,
      reveals: 3,
      unfinished: [],
      log: expect.stringMatching(/^[0-9a-f]{32}$/),
      clockSetBack: [],
      aside: [],
      headKnown: true,
      damage: undefined,
    });
  });

  it('shows a reveal whose outcome never came', async () => {
    const { seq } = fixture.log().append(revealEvent);
    expect(await fixture.verify()).toMatchObject({ damage: undefined, unfinished: [seq] });
  });

  it('loses only a line that a crash cut short, on which nobody acted', async () => {
    appendFileSync(fixture.place.logPath, lines()[1]?.slice(0, 40) ?? '');
    expect(await fixture.verify()).toMatchObject({ damage: undefined, lines: 7 });
    fixture.fill(1);
    expect(await fixture.verify()).toMatchObject({ damage: undefined, lines: 9 });
  });

  it('goes on when a line reached the disk but its head did not', async () => {
    const before = readFileSync(headPath());
    fixture.fill(1);
    writeFileSync(headPath(), before);
    expect(await damage()).toBeUndefined();
    expect(appendCode()).toBe('appended');
  });

  it('tells where the clock was set back, by more than a time service does', async () => {
    const at = (minutes: number) => fixture.log(() => new Date(Date.now() + minutes * 60_000)).append(revealEvent);
    at(60);
    at(59.5);
    at(10);
    at(70);
    expect(await fixture.verify()).toMatchObject({ damage: undefined, clockSetBack: [10] });
  });

  it('can move to another place with its vault', async () => {
    const moved = { ...fixture.place, logPath: join(folder.path, 'elsewhere.jsonl') };
    copyFileSync(fixture.place.logPath, moved.logPath);
    rmSync(fixture.place.logPath);
    Object.assign(fixture.place, moved);
    expect(await fixture.verify()).toMatchObject({ damage: undefined, headKnown: true });
    writeLines(lines().slice(0, -1));
    expect(await damage()).toEqual({ kind: 'end-missing' });
  });
});

describe('what was done to an audit log is found, with the first bad line', () => {
  it('a byte changed, anywhere', async () => {
    const bytes = readFileSync(fixture.place.logPath);
    for (let at = 0; at < bytes.length; at += 7) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      writeFileSync(fixture.place.logPath, changed);
      const line = bytes.subarray(0, at).filter((byte) => byte === 0x0a).length + 1;
      expect((await damage())?.line, `byte ${at}`).toBe(line);
    }
  });

  it.each([0, 1, 2, 3, 4, 5])('line %i taken out', async (at) => {
    writeLines(lines().toSpliced(at, 1));
    expect(await damage()).toEqual({ kind: 'lines-missing', line: at + 1 });
  });

  it('two lines exchanged', async () => {
    const [first = '', second = '', third = '', ...rest] = lines();
    writeLines([first, third, second, ...rest]);
    expect(await damage()).toEqual({ kind: 'lines-missing', line: 2 });
  });

  it('a line put in a second time', async () => {
    writeLines(lines().toSpliced(3, 0, lines()[2] ?? ''));
    expect(await damage()).toEqual({ kind: 'lines-moved', line: 4 });
  });

  it('a line of another log of the same vault', async () => {
    const other = auditFixture(join(folder.path, 'other'), fixture.key);
    other.fill(3);
    const foreign = readFileSync(other.place.logPath, 'utf8').split('\n');
    writeLines([...lines().slice(0, 6), foreign[6] ?? '']);
    expect(await damage()).toEqual({ kind: 'foreign-line', line: 7 });
  });

  it('its end cut off, by a line or within one', async () => {
    const all = lines();
    writeLines(all.slice(0, -1));
    expect(await damage()).toEqual({ kind: 'end-missing' });
    expect(appendCode()).toBe('audit-tampered');
    writeLines(all);
    truncateSync(fixture.place.logPath, readFileSync(fixture.place.logPath).length - 1);
    expect(await damage()).toEqual({ kind: 'line-cut', line: 7 });
    expect(appendCode()).toBe('audit-tampered');
  });

  it('an old copy put back', async () => {
    const old = readFileSync(fixture.place.logPath);
    fixture.fill(2);
    writeFileSync(fixture.place.logPath, old);
    expect(await damage()).toEqual({ kind: 'end-missing' });
    expect(appendCode()).toBe('audit-tampered');
  });

  it('an old copy that was written on', async () => {
    const old = readFileSync(fixture.place.logPath);
    const head = readFileSync(headPath());
    fixture.fill(1);
    const newer = readFileSync(headPath());
    writeFileSync(fixture.place.logPath, old);
    writeFileSync(headPath(), head);
    fixture.fill(2);
    writeFileSync(headPath(), newer);
    expect(await damage()).toMatchObject({ kind: 'end-replaced', line: 9 });
  });

  it('removed, replaced or emptied', async () => {
    rmSync(fixture.place.logPath);
    expect(await damage()).toEqual({ kind: 'log-missing' });
    expect(appendCode()).toBe('audit-tampered');
    writeFileSync(fixture.place.logPath, '');
    expect(await damage()).toEqual({ kind: 'log-replaced' });
    expect(appendCode()).toBe('audit-tampered');
  });

  it('a changed head', async () => {
    writeFileSync(headPath(), readFileSync(headPath(), 'utf8').replace('"seq":7', '"seq":6'));
    expect(await damage()).toEqual({ kind: 'head-changed' });
    expect(appendCode()).toBe('audit-tampered');
  });

  it('a log that another key wrote', async () => {
    const other = auditFixture(folder.path);
    expect((await other.verify())?.damage).toEqual({ kind: 'line-changed', line: 1 });
  });
});

describe('a log that is begun anew', () => {
  it('keeps the old one and says who closed it and why', async () => {
    writeLines(lines().slice(0, 4));
    const by = { reason: 'cut by a full disk', operator: { user: 'bob' }, host: 'desk' };
    const sha256 = createHash('sha256').update(readFileSync(fixture.place.logPath)).digest('hex');
    const aside = fixture.log().restart(by, sha256);
    expect(readFileSync(aside ?? '', 'utf8').split('\n').length).toBe(5);
    const [begin = ''] = lines();
    expect(JSON.parse(begin)).toMatchObject({ event: 'begin', ...by, predecessor: { sha256 } });
    expect(await fixture.verify()).toMatchObject({ damage: undefined, lines: 1, headKnown: true });
    fixture.fill(1);
    expect(await fixture.verify()).toMatchObject({ damage: undefined, lines: 3 });
  });
});
