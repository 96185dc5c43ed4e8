import { expect, it } from 'vitest';
// @ts-expect-error A script in JavaScript, since it runs before anything is built.
import { clusterId } from '../scripts/kafka-cluster-id.mjs';

// Kafka's storage tool takes an id that begins with "-" for an option and prepares nothing.
it('never begins a cluster id with a hyphen', () => {
  const ids = Array.from({ length: 2_000 }, () => clusterId() as string);
  expect(ids.filter((id) => !/^[A-Za-f][\w-]{21}$/.test(id))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
});
