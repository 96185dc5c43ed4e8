import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { TokenMap } from '../../../src/vault/maintenance/token-map.ts';

const folder = mkdtempSync(join(tmpdir(), 'sdp-token-map-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const token = (byte: number) => new Uint8Array(16).fill(byte);
const line = (name: string, from: number, to: number) => {
  const hex = (byte: number) => `tok_${byte.toString(16).padStart(2, '0').repeat(16)}`;
  return `${name},${hex(from)},${hex(to)}\n`;
};

test('goes on with a map that had its name already when the run before was killed', () => {
  const path = join(folder, 'map.csv');
  const first = TokenMap.open(path, 0);
  first.add('t.a', token(1), token(2));
  const certain = first.sync();
  first.publish();
  first.close();

  const second = TokenMap.open(path, certain);
  second.add('t.b', token(3), token(4));
  second.publish();
  second.close();
  const header = 'namespace,old_token,new_token\n';
  expect(readFileSync(path, 'utf8')).toBe(header + line('t.a', 1, 2) + line('t.b', 3, 4));
});

test('refuses to write over a file, and to go on without the one that was begun', () => {
  const path = join(folder, 'other.csv');
  expect(() => TokenMap.open(path, 10)).toThrow(/begun is not there/);
  const map = TokenMap.open(path, 0);
  map.publish();
  map.close();
  expect(() => TokenMap.open(path, 0)).toThrow(/there already/);
});
