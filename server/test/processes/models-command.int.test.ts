import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateMasterKeyText } from '@sdp/shared/crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { shippedModelDir } from '../../src/models/index.ts';
import { main } from '../../src/processes/main.ts';

const program = resolve(import.meta.dirname, 'models-worker.ts');
const serverKey = generateMasterKeyText();

let database: TestDatabase;
let dir: string;
let worker: ChildProcess | undefined;
beforeAll(async () => {
  database = await startTestDatabase();
  dir = mkdtempSync(join(tmpdir(), 'sdp-models-'));
});
afterAll(async () => {
  worker?.kill('SIGKILL');
  await database.stop();
  rmSync(dir, { recursive: true, force: true });
});

const environment = (more: Record<string, string> = {}) => ({
  PATH: process.env['PATH'] ?? '',
  DB_DSN: database.dsn,
  SDP_CRYPTO_KEY: serverKey,
  SDP_DATA_DIR: dir,
  ...more,
});

/** Runs the program in this process: one start of it takes longer than most of what it does here. */
async function models(args: readonly string[], more?: Record<string, string>) {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text);
      return true;
    }),
  );
  try {
    await main(['models', ...args], environment(more));
    return { status: process.exitCode ?? 0, ...written };
  } finally {
    process.exitCode = 0;
    for (const spy of spies) spy.mockRestore();
  }
}

const json = async (args: readonly string[], more?: Record<string, string>) =>
  JSON.parse((await models([...args, '--json'], more)).stdout);

/** The shipped model's files under another version, unsigned. */
function variant(version: string): string {
  const folder = join(dir, version);
  cpSync(shippedModelDir(), folder, { recursive: true, filter: (source) => !source.endsWith('signature.json') });
  const manifest = JSON.parse(readFileSync(join(folder, 'ensemble.json'), 'utf8'));
  writeFileSync(join(folder, 'ensemble.json'), JSON.stringify({ ...manifest, version }));
  return folder;
}

/** In place of the one before. */
async function startWorker(more: Record<string, string>): Promise<void> {
  worker?.kill('SIGTERM');
  if (worker) await once(worker, 'exit');
  worker = spawn(process.execPath, ['--conditions=sdp-source', program, 'worker', '--role', 'transaction-score'], {
    env: environment(more),
    stdio: 'ignore',
  });
  const deadline = Date.now() + 20_000;
  const client = new pg.Client({ connectionString: database.dsn });
  await client.connect();
  try {
    while ((await client.query('SELECT 1 FROM model_worker WHERE pid = $1', [worker.pid])).rowCount !== 1) {
      expect(Date.now()).toBeLessThan(deadline);
      await sleep(50);
    }
  } finally {
    await client.end();
  }
}

it('signs, adds, promotes, refuses and goes back, as an operator does it', async () => {
  const keyFile = join(dir, 'signing.key');
  const { public_key: publicKey, key_id: keyId } = await json(['keygen', '--out', keyFile]);
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  const trusting = { SDP_MODEL_TRUSTED_KEYS: publicKey };

  const folder = variant('fraud-2.0.0');
  expect((await models(['sign', folder, '--key-file', keyFile])).stdout).toContain(`signed with key ${keyId}`);
  const packed = join(dir, 'fraud-2.0.0.sdpmodel');
  await models(['sign', folder, '--key-file', keyFile, '--out', packed]);
  const stranger = await models(['add', folder]);
  expect(stranger).toMatchObject({ status: 6, stdout: '' });
  expect(stranger.stderr).toContain('not trusted');
  expect(await json(['add', packed], trusting)).toEqual({
    version: 'fraud-2.0.0',
    feature_set: expect.any(String),
    key_id: keyId,
    added: true,
  });
  // The same version with other content.
  writeFileSync(join(folder, 'note.txt'), 'other');
  await models(['sign', folder, '--key-file', keyFile]);
  expect((await models(['add', folder], trusting)).status).toBe(8);

  // No worker runs: there is nobody to wait for.
  expect(
    (await models(['promote', 'fraud-2.0.0', '--as', 'challenger', '--share', '0.25'], trusting)).stdout,
  ).toContain('generation 2: champion fraud-1.0.0, challenger fraud-2.0.0 with 25 %');

  // A worker without the key can't load it, and nothing stays as it was asked for.
  expect(await json(['rollback'], trusting)).toMatchObject({ deployment: { generation: 3, kind: 'rollback' } });
  await startWorker({});
  const failed = await models(['promote', 'fraud-2.0.0', '--wait', '20'], trusting);
  expect(failed.status).toBe(8);
  expect(failed.stdout).toMatch(/failed +model-tampered/);
  expect(failed.stdout).toContain('taken back: generation 5: champion fraud-1.0.0');

  // One with the key can.
  await startWorker(trusting);
  const taken = await json(['promote', 'fraud-2.0.0', '--wait', '20', '--reason', 'better'], trusting);
  expect(taken).toMatchObject({ deployment: { generation: 6 }, workers: [{ state: 'loaded' }], restored: null });
  expect((await models(['rollback', '--wait', '20'], trusting)).status).toBe(0);

  const { models: listed, generation } = await json(['list'], trusting);
  expect(generation).toBe(7);
  expect(listed).toMatchObject([
    { version: 'fraud-2.0.0', role: null, workers: 0, key_id: keyId },
    { version: 'fraud-1.0.0', role: 'champion', workers: 1, added_by: 'release' },
  ]);
  const shown = await json(['show', 'fraud-2.0.0'], trusting);
  expect(shown.deployments.map(({ kind }: { kind: string }) => kind)).toEqual(['promote', 'promote', 'promote']);
  expect((await models(['report', '--since', '1h'], trusting)).stdout).toContain('CHAMPION');
}, 120_000);
