import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { canListProcesses, processesNaming } from '../support/processes.ts';
import { type RunOptions, runProgram } from '../support/run-program.ts';

const root = join(import.meta.dirname, '../..');
const folder = join(root, '.sdp', 'demo');
const demo = (options: RunOptions) =>
  runProgram(process.execPath, [join(root, 'scripts/demo/main.ts')], { cwd: root, timeoutMs: 120_000, ...options });
const leftovers = () => (canListProcesses ? processesNaming(folder).map(({ argv }) => argv.toString()) : []);

describe('npm run demo', () => {
  it('shows the whole path and leaves no process behind', { timeout: 130_000 }, async () => {
    const run = await demo({ environment: { HOME: process.env['HOME'], SDP_CRYPTO_KEY: 'of another vault' } });
    expect({ status: run.status, stderr: run.stderr }).toMatchObject({ status: 0 });
    expect(run.stdout).toMatch(/^ {3}(low|medium|high) +\d+ +0\.\d{3}/m);
    expect(run.stdout).toMatch(/tok_[0-9a-f]{32}/);
    for (const what of ['vault, encrypted', 'raw \\+ scores', 'Clean up with: npm run demo -- --clean']) {
      expect(run.stdout).toMatch(new RegExp(what));
    }
    expect(leftovers()).toEqual([]);
  });

  it('stops when it is interrupted, and leaves no process behind', { timeout: 60_000 }, async () => {
    const run = await demo({
      environment: { HOME: process.env['HOME'] },
      onStart: (child) => {
        child.stdout?.on('data', (bytes: Buffer) => {
          if (bytes.includes('is ready')) child.kill('SIGINT');
        });
      },
    });
    expect(run.status).toBe(130);
    for (let waitedMs = 0; leftovers().length > 0 && waitedMs < 5_000; waitedMs += 100) await sleep(100);
    expect(leftovers()).toEqual([]);
  });
});
