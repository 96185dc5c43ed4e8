import { generateMasterKeyText, parseMasterKey } from '@sdp/shared/crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createModelRegistry, promotion } from '../../../src/models/index.ts';
import { RegistryUnderTest } from '../hosting/registry-under-test.ts';
import { samplePackage } from '../package/sample-package.ts';

let test: RegistryUnderTest;
beforeAll(async () => {
  test = await RegistryUnderTest.start();
  await test.add('fraud-2.0.0');
  await test.add('fraud-3.0.0');
});
afterAll(() => test.stop());

const by = { reason: 'test', madeBy: 'test' };
const present = async () => {
  const latest = await test.registry.deployments.latest();
  if (latest === undefined) throw new Error('nothing is deployed');
  return latest.deployment;
};

describe('deployments', () => {
  it('that two make at once: one is recorded, the other is told', async () => {
    const current = await present();
    const made = await Promise.allSettled(
      ['fraud-2.0.0', 'fraud-3.0.0'].map((version) =>
        test.registry.deployments.record(
          current.generation,
          promotion(current, { version, role: 'champion' }, '0'.repeat(32)),
          by,
        ),
      ),
    );
    expect(made.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(made.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'deployment-changed' } });
    expect((await present()).generation).toBe(current.generation + 1);
  });

  it('come back as they were recorded, each with its share to the last digit', async () => {
    const current = await present();
    const version = current.champion === 'fraud-2.0.0' ? 'fraud-3.0.0' : 'fraud-2.0.0';
    const plan = promotion(current, { version, role: 'challenger', share: 0.1 + 0.2 }, 'a'.repeat(32));
    const made = await test.registry.deployments.record(current.generation, plan, by);
    expect((await test.registry.deployments.find(made.generation))?.deployment).toEqual(made);
  });

  it('of versions that are not stored are refused', async () => {
    const current = await present();
    const plan = promotion(current, { version: 'fraud-9.0.0', role: 'shadow' }, '0'.repeat(32));
    await expect(test.registry.deployments.record(current.generation, plan, by)).rejects.toThrow(
      expect.objectContaining({ code: 'model-unknown' }),
    );
  });

  it('are found out where somebody changes them in the database, or knows another key', async () => {
    const stranger = createModelRegistry(test.pool, parseMasterKey(generateMasterKeyText()));
    const refusal = expect.objectContaining({ code: 'deployment-tampered' });
    await expect(stranger.deployments.latest()).rejects.toThrow(refusal);
    await expect(test.pool.query("UPDATE model_deployment SET reason = 'other'")).rejects.toThrow('never changed');
    await expect(test.pool.query('DELETE FROM model_deployment')).rejects.toThrow('never changed');
    await expect(test.pool.query('TRUNCATE model_deployment')).rejects.toThrow();
    await expect(test.pool.query('TRUNCATE model_version CASCADE')).rejects.toThrow('never changed');

    await test.pool.query('ALTER TABLE model_deployment DISABLE TRIGGER ALL');
    const { generation } = await present();
    for (const change of [
      "reason = 'other'",
      "champion = 'fraud-1.0.0'",
      'challenger_share = 0.9',
      "made_by = 'me'",
      "made_at = made_at + interval '1 ms'",
      "kind = 'withdraw'",
      'rollback_to = 1',
    ]) {
      await test.pool.query(`CREATE TABLE kept AS SELECT * FROM model_deployment`);
      await test.pool.query(`UPDATE model_deployment SET ${change} WHERE generation = $1`, [generation]);
      await expect(test.registry.deployments.latest()).rejects.toThrow(refusal);
      await test.pool.query(`DELETE FROM model_deployment WHERE generation = $1`, [generation]);
      await test.pool.query(`INSERT INTO model_deployment SELECT * FROM kept WHERE generation = $1`, [generation]);
      await test.pool.query('DROP TABLE kept');
    }
    expect((await present()).generation).toBe(generation);
    // A change of an earlier row breaks what was recorded after it.
    await test.pool.query("UPDATE model_deployment SET hmac = sha256('x') WHERE generation = $1", [generation - 1]);
    await expect(test.registry.deployments.latest()).rejects.toThrow(refusal);
    await expect(test.registry.deployments.history()).rejects.toThrow(refusal);
  });
});

describe('versions', () => {
  it('name one content for ever', async () => {
    const { versions } = test.registry;
    expect(await versions.add(samplePackage(test.signer, 'fraud-2.0.0'), 'test')).toBe(false);
    await expect(versions.add(samplePackage(test.signer, 'fraud-2.0.0', { 'rules.yml': 'x' }), 'test')).rejects.toThrow(
      expect.objectContaining({ code: 'model-version-taken' }),
    );
    await expect(test.pool.query("UPDATE model_version SET key_id = ''")).rejects.toThrow('never changed');
    await expect(versions.load('fraud-9.0.0')).rejects.toThrow(expect.objectContaining({ code: 'model-unknown' }));
  });
});
