import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { startTestKafka } from '../../../test/support/kafka.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const name = `script-test-${process.pid}`;
const home = join(root, '.kafka', name);
const script = (...args: string[]) => [join(root, 'scripts', 'kafka.mjs'), ...args, '--name', name];
const run = (...args: string[]) => spawnSync(process.execPath, script(...args), { encoding: 'utf8' });
const kafka = await startTestKafka();
const title = 'skipped' in kafka ? `npm run kafka (skipped: ${kafka.skipped})` : 'npm run kafka';

describe.skipIf('skipped' in kafka || process.env['KAFKA_BROKERS'] !== undefined)(title, () => {
  let started: ChildProcess | undefined;
  afterAll(() => started?.kill());

  it('starts on a free port, says where, and leaves nothing behind when it is told to stop', {
    timeout: 60_000,
  }, async () => {
    expect(run('status').stdout).toBe('Kafka is not running.\n');
    started = spawn(process.execPath, script('start', '--port', '0', '--ephemeral'), {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ready = Promise.withResolvers<string>();
    started.once('exit', (status) => ready.reject(new Error(`the script ended with status ${status}`)));
    started.stdout?.on('data', (bytes) => String(bytes).includes('is ready') && ready.resolve(String(bytes)));
    expect(await ready.promise).toContain('is ready at 127.0.0.1:');
    const { brokerPid, port } = JSON.parse(readFileSync(join(home, 'broker.json'), 'utf8')) as Record<string, number>;
    expect(run('status').stdout).toContain(`is ready at 127.0.0.1:${port}`);
    expect(run('start').stdout).toContain('is running already');
    started.kill('SIGTERM');
    const [code] = await once(started, 'exit');
    expect(code).toBe(0);
    expect(() => process.kill(brokerPid ?? 0, 0)).toThrow('ESRCH');
    expect(existsSync(home)).toBe(false);
    expect(run('stop').stdout).toBe('Kafka is not running.\n');
  });
});
