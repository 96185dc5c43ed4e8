import { expect, it } from 'vitest';
import { watchDeadLetters } from '../../src/alerts/index.ts';

it('dead letters are told of once a window and topic, from the threshold on', async () => {
  const raised: { readonly title: string; readonly metrics: object }[] = [];
  let isAway = false;
  let time = 0;
  const warnings: string[] = [];
  const note = watchDeadLetters({
    db: {
      query: async (_text: string, values?: unknown[]) => {
        if (isAway) throw new Error('away');
        raised.push(JSON.parse(String(values?.[3])));
        return { rows: [] } as never;
      },
    },
    logger: { warn: ((_fields: object, text: string) => warnings.push(text)) as never },
    ...{ threshold: 3, windowMs: 1_000, now: () => time },
  });
  const many = async (topic: string, count: number) => {
    for (let n = 0; n < count; n++) note(topic, 'message-tampered');
    await new Promise((resolve) => setImmediate(resolve));
  };
  await many('logs', 2);
  await many('metrics', 2);
  expect(raised).toEqual([]);
  await many('logs', 5);
  expect(raised).toHaveLength(1);
  expect(raised[0]).toMatchObject({ title: 'Messages of logs go to the dead letters', metrics: { dead_letters: 3 } });
  time = 1_500;
  await many('logs', 2);
  expect(raised).toHaveLength(1);
  isAway = true;
  await many('logs', 1);
  isAway = false;
  expect(warnings).toHaveLength(1);
  await many('logs', 1);
  expect(raised).toHaveLength(2);
});
