import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { main } from '../../src/processes/main.ts';
import { shippedFile } from '../../src/topics/index.ts';

let folder: string;
let out: string;
let err: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sdp-rules-'));
  [out, err] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
  rmSync(folder, { recursive: true });
});

const shipped = shippedFile('anomaly-rules.yml');

async function run(...argv: string[]): Promise<number> {
  await main(['rules', ...argv], {});
  return Number(process.exitCode ?? 0);
}

function fileOf(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const line = (second: number, more: object = {}) =>
  `${JSON.stringify({
    ...{ type: 'log', event_id: `e${second}`, at: new Date(1_767_225_600_000 + second * 1_000).toISOString() },
    ...{ level: 'ERROR', message: 'no', user_id: 'tok_1', ...more },
  })}\n`;

it('lists the rules of a file that is right', async () => {
  expect(await run('check', shipped)).toBe(0);
  expect(out).toContain(
    'metric-cpu-high         sustained  metric       host     1 h     10 min    WARNING   by partition',
  );
  expect(out).toContain('The file is right: 8 rules.');
});

it('names each mistake by line and column, and ends with 3', async () => {
  const path = fileOf(
    'rules.yml',
    'version: 1\nrules:\n  - { id: A, title: x, form: pattern, events: log, where: { field: x, equals: 1 } }\n',
  );
  expect(await run('check', path)).toBe(3);
  expect(out.split('\n').slice(0, 2)).toEqual([
    `${path}:3:11: rules.0.id: must be lower-case letters, digits and -, at most 64`,
    `${path}:3:68: rules.0.where.field: is no field of an event`,
  ]);
  expect(err).toContain('The file of rules has 2 mistakes');
});

it('shows what rules would have found in a file of events', async () => {
  const seconds = [0, 10, 20, 30, 40, 40, 1_000, 10];
  const events = fileOf('events.ndjson', seconds.map((second) => line(second)).join(''));
  expect(await run('try', shipped, '--file', events)).toBe(0);
  expect(out).toContain(
    '2026-01-01T00:00:40.000Z  log-user-errors  WARNING   5 events within 3 min, the limit is 5 for user_id tok_1',
  );
  expect(out).toContain('1 finding in 6 events; 2 that came again were left out.');
  out = '';
  expect(await run('try', shipped, '--file', events, '--to', '2026-01-01T00:00:40Z', '--json')).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ events: 4, repeats: 1, findings: [], counts: { 'log-user-errors': 0 } });
});

it('says which line is no event, and nothing of what stands in it', async () => {
  const events = fileOf('events.ndjson', line(0) + line(1, { user_id: 7, note: 'jane doe' }));
  expect(await run('try', shipped, '--file', events)).toBe(4);
  expect(err).toContain('Line 2 is no event: user_id');
  expect(err).not.toContain('jane');
});
