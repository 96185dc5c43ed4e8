import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { UsageRecorder } from '../../../src/models/usage/usage-recorder.ts';
import { RollbackWatch } from '../../../src/models/watch/rollback-watch.ts';
import { fastSettings, inputs, RegistryUnderTest, until } from '../hosting/registry-under-test.ts';
import { type Misbehaviour, sampleScore } from '../sample-kind.ts';

let keeper: TestDatabase;
let test: RegistryUnderTest;
// Keeps PostgreSQL running between the tests.
beforeAll(async () => {
  keeper = await startTestDatabase();
});
afterAll(() => keeper.stop());
beforeEach(async () => {
  test = await RegistryUnderTest.start();
});
afterEach(() => test.stop());

/** Two workers under load; the new champion is told to misbehave. @returns who scored what, without a gap */
async function promoteUnderLoad(misbehaviour: Misbehaviour, isOver: () => Promise<boolean>): Promise<Set<string>> {
  const hosts = [await test.startHost(), await test.startHost()];
  await test.add('fraud-2.0.0');
  for (const { kind } of hosts) kind.misbehaviour.set('fraud-2.0.0', misbehaviour);
  let isDone = false;
  const versions = new Set<string>();
  const load = hosts.map(async (host, h) => {
    for (let round = 0; !isDone; round++) {
      const batch = inputs(10, `h${h}r${round}-`);
      for (const [i, { scored, modelVersion }] of (await host.scoreBatch(batch)).entries()) {
        expect(scored.score).toBe(sampleScore(modelVersion, batch[i] ?? { id: '' }));
        versions.add(modelVersion);
      }
    }
  });
  await until(
    async () => (await test.registry.usage.sum({ version: 'fraud-1.0.0' })).some(({ usage }) => usage.calls > 200),
    'figures',
  );
  await test.promote('fraud-2.0.0');
  await until(isOver, 'it is over');
  isDone = true;
  await Promise.all(load);
  return versions;
}

const kinds = async () => (await test.registry.deployments.history()).map(({ deployment }) => deployment.kind);

it.each([
  ['throws', { throws: true }, 'errors of the champion'],
  [
    'gives scores that are none',
    { notANumber: ({ id }: { id: string }) => !id.startsWith('probe') },
    'errors of the champion',
  ],
  ['is slow', { delayMs: 80 }, 'latency of the champion'],
])(
  'a champion that %s is taken back once, and every transaction is scored meanwhile',
  async (_, misbehaviour, reason) => {
    const versions = await promoteUnderLoad(misbehaviour, async () =>
      (await test.registry.workers.list(3)).every(({ generation }) => generation === 3),
    );
    expect(await kinds()).toEqual(['automatic-rollback', 'promote', 'first']);
    const latest = await test.registry.deployments.latest();
    expect(latest).toMatchObject({ deployment: { champion: 'fraud-1.0.0', generation: 3 }, reason });
    expect(latest?.madeBy).toMatch(/^worker [0-9a-f-]{36}$/);
    expect(test.logLines.filter(({ msg }) => msg === 'a new model was taken back')).toHaveLength(1);
    expect(versions.has('fraud-1.0.0')).toBe(true);
    if ('throws' in misbehaviour) expect(versions.has('fraud-2.0.0')).toBe(false);
  },
);

it('a champion that does as well as the one before stays', async () => {
  const started = Date.now();
  await promoteUnderLoad({}, async () => Date.now() - started > 1_500);
  expect(await kinds()).toEqual(['promote', 'first']);
});

it('what errs beyond its time of trial is not taken back by itself', async () => {
  const host = await test.startHost({
    settings: { rollback: { minSample: 100, errorRate: 0.01, latencyFactor: 3, latencyFloorMs: 20, watchMs: 0 } },
  });
  await test.add('fraud-2.0.0');
  await test.promote('fraud-2.0.0');
  await until(() => host.state().generation === 2, 'it serves generation 2');
  host.kind.misbehaviour.set('fraud-2.0.0', { throws: true });
  for (let round = 0; round < 50; round++) await host.scoreBatch(inputs(10));
  await until(
    async () =>
      (await test.registry.usage.sum({ arm: 'champion', generation: 2 })).some(({ usage }) => usage.failed === 500),
    'figures',
  );
  expect(await kinds()).toEqual(['promote', 'first']);
});

it('is decided by one of those who conclude at the same moment', async () => {
  await test.add('fraud-2.0.0');
  const promoted = await test.promote('fraud-2.0.0');
  const { deployments, usage } = test.registry;
  const recorder = new UsageRecorder();
  for (let call = 0; call < 100; call++) {
    const key = { generation: 2, arm: 'champion', version: 'fraud-2.0.0' } as const;
    recorder.called(key, { ms: 1, attempted: 10, scored: [] });
  }
  await usage.add(randomUUID(), recorder.take());
  const { watchMs, ...bounds } = fastSettings.rollback;
  const watches = ['one', 'two', 'three'].map(
    (madeBy) => new RollbackWatch({ deployments, usage, bounds, watchMs, madeBy }),
  );
  const results = await Promise.all(watches.map((watch) => watch.look(promoted)));
  expect(results.filter((result) => result !== undefined)).toMatchObject([
    { cause: 'errors', deployment: { generation: 3, champion: 'fraud-1.0.0' } },
  ]);
  expect(await kinds()).toEqual(['automatic-rollback', 'promote', 'first']);
});
