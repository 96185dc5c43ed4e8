import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/run-command.ts';
import { auditFixture, revealEvent } from './audit-fixture.ts';

let folder: ReturnType<typeof temporaryFolder>;
let fixture: ReturnType<typeof auditFixture>;
beforeEach(() => {
  folder = temporaryFolder();
  fixture = auditFixture(folder.path);
});
afterEach(() => folder.remove());

function startAppending(times?: number, fileLimitKiB?: number) {
  const program = join(import.meta.dirname, 'children', 'append-reveals.ts');
  const { logPath, headFolder } = fixture.place;
  const args = ['--conditions=sdp-source', program, logPath, headFolder, ...(times === undefined ? [] : [`${times}`])];
  const limited = ['-c', `ulimit -f ${fileLimitKiB}; trap '' XFSZ; exec "$@"`, 'bash', process.execPath, ...args];
  const child: ChildProcess = spawn(
    fileLimitKiB === undefined ? process.execPath : 'bash',
    fileLimitKiB === undefined ? args : limited,
    { env: { TEST_KEY: fixture.key.export().toString('hex') }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let printed = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = once(child, 'close').then(() => ({
    status: child.exitCode,
    stderr,
    acknowledged: printed.split('\n').slice(0, -1).map(Number),
  }));
  return { child, ended, first: new Promise<void>((resolve) => child.stdout?.once('data', () => resolve())) };
}

describe('an audit log that several processes write', () => {
  it('keeps every line of each, in one chain', async () => {
    const runs = await Promise.all([1, 2, 3].map(() => startAppending(15).ended));
    expect(runs.map(({ status, stderr }) => ({ status, stderr }))).toEqual(runs.map(() => ({ status: 0, stderr: '' })));
    expect(await fixture.verify()).toMatchObject({ damage: undefined, lines: 91, reveals: 45, unfinished: [] });
    const numbers = runs.flatMap(({ acknowledged }) => acknowledged);
    expect(new Set(numbers).size).toBe(45);
  });

  it('is whole after a kill at any moment, and has every line that was acknowledged', async () => {
    const acknowledged: number[] = [];
    for (let kill = 0; kill < 12; kill++) {
      const { child, ended, first } = startAppending();
      await first;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 15));
      child.kill('SIGKILL');
      acknowledged.push(...(await ended).acknowledged);
    }
    const report = await fixture.verify();
    expect(report).toMatchObject({ damage: undefined, headKnown: true });
    expect(report?.lines).toBeGreaterThanOrEqual(Math.max(...acknowledged));
    // Killed between the line and its outcome: it shows as begun and not ended.
    expect(report?.unfinished.length).toBeLessThanOrEqual(12);
    fixture.log().append(revealEvent);
    expect(await fixture.verify()).toMatchObject({ damage: undefined });
  });

  it.skipIf(process.platform === 'win32')('refuses on a full disk, and goes on once there is space', async () => {
    fixture.fill(20);
    const size = statSync(fixture.place.logPath).size;
    const { status, stderr, acknowledged } = await startAppending(500, Math.ceil(size / 1024) + 1).ended;
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/audit-unwritable/);
    const report = await fixture.verify();
    expect(report).toMatchObject({ damage: undefined });
    expect(report?.lines).toBeGreaterThanOrEqual(acknowledged.at(-1) ?? 0);
    fixture.fill(1);
    expect(await fixture.verify()).toMatchObject({ damage: undefined });
  });
});
