import { generateMasterKeyText, parseMasterKey } from '@sdp/shared/crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { armOf } from '../../../src/models/hosting/split-rules.ts';
import { createDeploymentUpdates, packPackage, signPackage } from '../../../src/models/index.ts';
import { makeSigner, sampleFiles, samplePackage } from '../package/sample-package.ts';
import { SampleKind, sampleScore } from '../sample-kind.ts';
import { inputs, RegistryUnderTest, securityOf, until } from './registry-under-test.ts';

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

describe('a worker', () => {
  it('serves what is deployed when it starts, and scores in order', async () => {
    await test.add('fraud-2.0.0');
    await test.promote('fraud-2.0.0');
    const host = await test.startHost();
    const batch = inputs(50);
    const scores = await host.scoreBatch(batch);
    expect(scores.map(({ scored }) => scored.score)).toEqual(batch.map((input) => sampleScore('fraud-2.0.0', input)));
    expect(new Set(scores.map(({ modelVersion, arm }) => `${modelVersion} ${arm}`))).toEqual(
      new Set(['fraud-2.0.0 champion']),
    );
    expect(await host.scoreBatch([])).toEqual([]);
  });

  it('takes a new deployment from the topic, acknowledges it, and closes the model before', async () => {
    const [one, two] = await Promise.all([
      test.startHost({ settings: { pollMs: 60_000 } }),
      test.startHost({ settings: { pollMs: 60_000 } }),
    ]);
    await test.add('fraud-2.0.0');
    await test.add('fraud-3.0.0');
    await test.promote('fraud-2.0.0');
    await until(() => one.state().generation === 2 && two.state().generation === 2, 'both serve generation 2');
    await test.promote('fraud-3.0.0');
    await until(() => one.state().generation === 3 && two.state().generation === 3, 'both serve generation 3');
    await until(() => one.kind.closed.length === 1 && two.kind.closed.length === 1, 'the first model is closed');
    // The one before stays as a stand-in.
    expect(one.kind.closed).toEqual(['fraud-1.0.0']);
    await until(
      async () => (await test.registry.workers.list(3)).every(({ acknowledged }) => acknowledged === 'loaded'),
      'acks',
    );
    expect((await test.registry.workers.list(3)).map(({ generation, isAlive }) => ({ generation, isAlive }))).toEqual([
      { generation: 3, isAlive: true },
      { generation: 3, isAlive: true },
    ]);
  });

  it('finds a deployment in the table where the topic is silent', async () => {
    const host = await test.startHost();
    await test.add('fraud-2.0.0');
    await test.promote('fraud-2.0.0', 'champion', undefined, { announce: false });
    await until(() => host.state().generation === 2, 'it serves generation 2');
  });

  it('ignores older generations that come again on the topic, and what others write there', async () => {
    const host = await test.startHost({ settings: { pollMs: 60_000 } });
    await test.add('fraud-2.0.0');
    const second = await test.promote('fraud-2.0.0');
    await until(() => host.state().generation === 2, 'it serves generation 2');
    await test.add('fraud-3.0.0');
    await test.promote('fraud-3.0.0');
    await until(() => host.state().generation === 3, 'it serves generation 3');

    await test.updates.announce(second);
    const [recorded] = test.bus.messages('model.updates').flat();
    if (recorded === undefined) throw new Error('nothing on the topic');
    test.bus.append('model.updates', recorded);
    const forged = { ...second, generation: 9 };
    const stranger = createDeploymentUpdates({
      bus: test.bus,
      security: securityOf(parseMasterKey(generateMasterKeyText())),
      onRefused: () => undefined,
    });
    await stranger.announce(forged);
    test.bus.append('model.updates', { key: 'deployment', value: Buffer.from(JSON.stringify(forged)) });
    await until(() => test.refused.length === 2, 'two are refused');
    expect(test.refused.toSorted()).toEqual(['message-key-unknown', 'message-malformed']);
    expect(host.state()).toMatchObject({ generation: 3, champion: 'fraud-3.0.0' });
  });

  it('keeps what it has where the new model cannot be opened, and says so', async () => {
    const host = await test.startHost();
    host.kind.broken.add('fraud-2.0.0');
    await test.add('fraud-2.0.0');
    await test.promote('fraud-2.0.0');
    await until(() => host.state().failure !== undefined, 'it failed');
    expect(host.state()).toEqual({
      generation: 1,
      champion: 'fraud-1.0.0',
      failure: { generation: 2, code: 'model-invalid' },
    });
    await until(async () => (await test.registry.workers.list(2))[0]?.acknowledged === 'failed', 'it says so');
    expect((await test.registry.workers.list(2))[0]?.code).toBe('model-invalid');
    const [score] = await host.scoreBatch(inputs(1));
    expect(score?.modelVersion).toBe('fraud-1.0.0');
    expect(test.logLines.filter(({ level }) => level === 50)).toMatchObject([{ generation: 2, code: 'model-invalid' }]);

    await test.add('fraud-3.0.0');
    await test.promote('fraud-3.0.0');
    await until(() => host.state().generation === 3, 'it serves generation 3');
    expect(host.state().failure).toBeUndefined();
  });

  it.each([
    ['changed', (packed: Buffer) => Buffer.from(packed.fill(0x20, packed.length - 3))],
    ['signed by a stranger', () => packPackage(samplePackage(makeSigner(), 'fraud-2.0.0'))],
    ['of another version', () => packPackage(samplePackage(test.signer, 'fraud-1.5.0'))],
    ['for other features', () => packPackage(otherFeatures())],
  ])('opens no package from the database that is %s', async (_, change) => {
    const host = await test.startHost();
    await test.add('fraud-2.0.0');
    const changed = change(packPackage(samplePackage(test.signer, 'fraud-2.0.0')));
    await test.pool.query('ALTER TABLE model_version DISABLE TRIGGER ALL');
    await test.pool.query('UPDATE model_version SET package = $1 WHERE version = $2', [changed, 'fraud-2.0.0']);
    await test.promote('fraud-2.0.0');
    await until(() => host.state().failure !== undefined, 'it failed');
    expect(host.state().failure?.code).toMatch(/^model-(tampered|invalid)$/);
    expect(host.kind.opened).toEqual(['fraud-1.0.0']);
  });

  function otherFeatures() {
    const manifest = Buffer.from(JSON.stringify({ version: 'fraud-2.0.0', feature_set: 'fraud-v9' }));
    return signPackage(sampleFiles().set('ensemble.json', manifest), test.signer.privateKey);
  }

  it('that starts when the newest model is broken serves the one before', async () => {
    const kind = new SampleKind();
    kind.broken.add('fraud-2.0.0');
    await test.add('fraud-2.0.0');
    await test.promote('fraud-2.0.0');
    const host = await test.startHost({ kind });
    expect(host.state()).toMatchObject({ generation: 1, failure: { generation: 2, code: 'model-invalid' } });
    kind.broken.add('fraud-1.0.0');
    await expect(test.startHost({ kind })).rejects.toThrow('this one is broken');
  });

  it('takes no deployment that was written past the program', async () => {
    const host = await test.startHost();
    await test.add('fraud-2.0.0');
    await test.pool.query(
      `INSERT INTO model_deployment (generation, champion, salt, kind, reason, made_by, made_at, hmac)
       VALUES (2, 'fraud-2.0.0', $1, 'promote', '', '', now(), $2)`,
      ['0'.repeat(32), Buffer.alloc(32)],
    );
    await until(() => test.logLines.some(({ code }) => code === 'deployment-tampered'), 'it is noticed');
    expect(host.state().generation).toBe(1);
  });
});

describe('a champion and a challenger', () => {
  it('share the traffic by key: each key has one arm, and scores are of the arm’s version', async () => {
    const host = await test.startHost();
    await test.add('fraud-2.0.0');
    const { salt } = await test.promote('fraud-2.0.0', 'challenger', 0.3);
    await until(() => host.state().generation === 2, 'it serves generation 2');
    const batch = inputs(500);
    const scores = await host.scoreBatch(batch);
    for (const [i, { scored, modelVersion, arm }] of scores.entries()) {
      const input = batch[i];
      if (input === undefined) throw new Error('more scores than inputs');
      expect(arm).toBe(armOf(salt, input.splitKey, 0.3));
      expect(modelVersion).toBe(arm === 'challenger' ? 'fraud-2.0.0' : 'fraud-1.0.0');
      expect(scored.score).toBe(sampleScore(modelVersion, input));
    }
    const share = scores.filter(({ arm }) => arm === 'challenger').length / scores.length;
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.5);
  });

  it('stand in for one another where a model gives no valid score', async () => {
    const host = await test.startHost();
    await test.add('fraud-2.0.0');
    await test.promote('fraud-2.0.0', 'challenger', 0.5);
    await until(() => host.state().generation === 2, 'it serves generation 2');
    const isOdd = ({ id }: { id: string }) => /[13579]$/.test(id);
    host.kind.misbehaviour.set('fraud-2.0.0', { notANumber: isOdd });
    const batch = inputs(200);
    const scores = await host.scoreBatch(batch);
    for (const [i, { scored, modelVersion, arm }] of scores.entries()) {
      const input = batch[i] ?? { id: '' };
      expect(modelVersion).toBe(arm === 'challenger' && !isOdd(input) ? 'fraud-2.0.0' : 'fraud-1.0.0');
      expect(scored.score).toBe(sampleScore(modelVersion, input));
    }
    // The champion alone: nobody before it.
    host.kind.misbehaviour.set('fraud-1.0.0', { throws: true });
    await expect(host.scoreBatch(batch)).rejects.toThrow(expect.objectContaining({ code: 'model-failed' }));
  });
});

describe('a shadow', () => {
  it('goes along, and is left out where it is too slow; it never fails an answer', async () => {
    const host = await test.startHost();
    await test.add('fraud-2.0.0');
    await test.promote('fraud-2.0.0', 'shadow');
    await until(() => host.state().generation === 2, 'it serves generation 2');
    const batch = inputs(20);
    const scores = await host.scoreBatch(batch);
    for (const [i, { shadow, modelVersion }] of scores.entries()) {
      expect(modelVersion).toBe('fraud-1.0.0');
      expect(shadow?.modelVersion).toBe('fraud-2.0.0');
      expect(shadow?.scored.score).toBe(sampleScore('fraud-2.0.0', batch[i] ?? { id: '' }));
    }
    host.kind.misbehaviour.set('fraud-2.0.0', { throws: true });
    expect((await host.scoreBatch(batch)).every(({ shadow }) => shadow === undefined)).toBe(true);
    // About 0.5 ms for each: of the 20 ms, some do.
    host.kind.misbehaviour.set('fraud-2.0.0', { delayMs: 5 });
    let some: boolean[] = [];
    await until(async () => {
      await host.scoreBatch(inputs(10));
      some = (await host.scoreBatch(inputs(200))).map(({ shadow }) => shadow !== undefined);
      return some.includes(true) && some.includes(false);
    }, 'it is asked about a part of a batch');
    expect(some.lastIndexOf(true)).toBeLessThan(some.indexOf(false));
    host.kind.misbehaviour.set('fraud-2.0.0', { delayMs: 300 });
    const two = await Promise.all([host.scoreBatch(batch), host.scoreBatch(batch)]);
    expect(two.flat().every(({ shadow, modelVersion }) => shadow === undefined && modelVersion === 'fraud-1.0.0')).toBe(
      true,
    );
    await host.close();
    expect(host.kind.scoredAfterClose).toBe(0);
  });
});

describe('promotions under load', () => {
  it('let a batch end with the model that it began with, however many come meanwhile', async () => {
    const host = await test.startHost();
    host.kind.misbehaviour.set('fraud-1.0.0', { delayMs: 600 });
    for (const version of ['fraud-2.0.0', 'fraud-3.0.0']) await test.add(version);
    const batch = inputs(30);
    const slow = host.scoreBatch(batch);
    for (const [i, version] of ['fraud-2.0.0', 'fraud-3.0.0'].entries()) {
      await test.promote(version);
      await until(() => host.state().generation === i + 2, `it serves generation ${i + 2}`);
    }
    expect((await host.scoreBatch(batch))[0]?.modelVersion).toBe('fraud-3.0.0');
    expect(host.kind.closed).toEqual([]);
    const scores = await slow;
    expect(scores.map(({ scored }) => scored.score)).toEqual(batch.map((input) => sampleScore('fraud-1.0.0', input)));
    await until(() => host.kind.closed.length === 1, 'it is closed');
    expect(host.kind.closed).toEqual(['fraud-1.0.0']);
  });

  it('drop no transaction and mix no versions, and no batch meets a closed model', async () => {
    const hosts = await Promise.all([test.startHost(), test.startHost()]);
    for (const host of hosts) {
      for (const version of ['fraud-1.0.0', 'fraud-2.0.0', 'fraud-3.0.0'])
        host.kind.misbehaviour.set(version, { delayMs: 2 });
    }
    await test.add('fraud-2.0.0');
    await test.add('fraud-3.0.0');
    let isDone = false;
    const seen = new Set<string>();
    const load = hosts.map(async (host, h) => {
      for (let round = 0; !isDone; round++) {
        const batch = inputs(40, `h${h}r${round}-`);
        const scores = await host.scoreBatch(batch);
        expect(scores).toHaveLength(batch.length);
        expect(new Set(scores.map(({ modelVersion }) => modelVersion)).size).toBe(1);
        for (const [i, { scored, modelVersion }] of scores.entries()) {
          expect(scored.score).toBe(sampleScore(modelVersion, batch[i] ?? { id: '' }));
          expect(scored.version).toBe(modelVersion);
        }
        seen.add(scores[0]?.modelVersion ?? '');
      }
    });
    for (const [i, version] of ['fraud-2.0.0', 'fraud-3.0.0', 'fraud-1.0.0', 'fraud-3.0.0'].entries()) {
      await test.promote(version);
      await until(() => hosts.every((host) => host.state().generation === i + 2), `all serve generation ${i + 2}`);
    }
    isDone = true;
    await Promise.all(load);
    expect([...seen].sort()).toEqual(['fraud-1.0.0', 'fraud-2.0.0', 'fraud-3.0.0']);
    await until(() => hosts.every(({ kind }) => kind.closed.includes('fraud-2.0.0')), 'what is past is closed');
    expect(hosts.map(({ kind }) => kind.scoredAfterClose)).toEqual([0, 0]);
  });
});
