import { expect, test } from 'vitest';
import { ClientMemory } from '../../src/anomaly/client-memory.ts';

const kept = (memory: ClientMemory<number>) => [...memory.entries()].map(([client, key]) => `${client}${key}`);

test('the one unseen for longest goes first', () => {
  const memory = new ClientMemory<number>(3);
  for (const key of ['1', '2', '3']) memory.add('a', key, 0);
  expect(memory.get('a', '1')).toBe(0);
  memory.add('a', '4', 0);
  expect(kept(memory)).toEqual(['a3', 'a1', 'a4']);
  expect(memory.get('a', '2')).toBeUndefined();
});

test('a client that fills the memory pushes out its own', () => {
  const memory = new ClientMemory<number>(5);
  memory.add('quiet', '1', 7);
  for (let key = 0; key < 100; key += 1) memory.add('busy', String(key), 0);
  expect(memory.get('quiet', '1')).toBe(7);
  expect(kept(memory)).toHaveLength(5);
});

test('restored from its entries it goes on as it would have', () => {
  const memory = new ClientMemory<number>(4);
  for (const [client, key] of [
    ['b', '1'],
    ['a', '1'],
    ['b', '2'],
    ['a', '2'],
  ] as const) {
    memory.add(client, key, 0);
  }
  memory.get('b', '1');
  const again = new ClientMemory<number>(4, memory.entries());
  for (const each of [memory, again]) each.add('c', '1', 0);
  expect(kept(again)).toEqual(kept(memory));
});
