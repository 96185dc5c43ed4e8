import { expect, it } from 'vitest';
import type { AuditEntry } from '../../src/audit/index.ts';
import { RefusalTrail } from '../../src/events/intake/refusal-trail.ts';

it('one line a minute says how much was refused of a key since the line before', async () => {
  let [now, failures] = [0, 0];
  const lines: AuditEntry[] = [];
  const record = async (entry: AuditEntry) => {
    if (now === 120_000) throw new Error('the database is away');
    lines.push(entry);
  };
  const onFailed = () => {
    failures += 1;
  };
  const trail = new RefusalTrail({ record, onFailed, now: () => now });
  const note = (id: string) =>
    trail.note({ actor: { kind: 'key', id }, clientId: 'acme', detector: 'email', fields: 2 });
  for (const id of ['a', 'a', 'b', 'a']) note(id);
  now = 60_000;
  for (const id of ['a', 'a']) note(id);
  now = 120_000;
  note('a');
  await trail.drained();
  expect(lines.map(({ actor, detail }) => [actor.id, detail?.['requests'], detail?.['columns']])).toEqual([
    ['a', 1, 2],
    ['b', 1, 2],
    ['a', 3, 6],
  ]);
  expect(failures).toBe(1);
});
