import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogEvent } from '@sdp/shared/contracts';
import { generateMasterKeyText } from '@sdp/shared/crypto';
import { UnavailableError } from '@sdp/shared/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventServer } from '../support/event-server.ts';

const main = join(import.meta.dirname, '../../src/main.ts');
/** How often it is killed; SDP_KILL_ROUNDS asks for more. */
const rounds = Number(process.env['SDP_KILL_ROUNDS'] ?? 3);
const perRound = 3_000;

/** Repeatable numbers from 0 to 1. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('sdp stream, killed again and again while the server fails at random', () => {
  let folder: string;
  let server: EventServer;
  const chance = random(rounds);
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sdp-kill-'));
    server = await EventServer.start({
      fault: () => {
        const roll = chance();
        if (roll < 0.15) return { kind: 'cut' };
        if (roll < 0.3) return { kind: 'lost-answer' };
        if (roll < 0.4) return { kind: 'partial', lines: Math.floor(chance() * 200) };
        if (roll < 0.45) return { kind: 'status', error: new UnavailableError('server-busy') };
        return undefined;
      },
    });
  });
  afterEach(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (key: string): ChildProcess =>
    spawn(
      process.execPath,
      ['--conditions=sdp-source', main, 'stream', '--input', 'in.ndjson', '--spool-max', '4', '--json', '--quiet'],
      {
        cwd: folder,
        env: { ...process.env, SDP_CRYPTO_KEY: key, SDP_API_KEY: EventServer.apiKey, SDP_SERVER_URL: server.url },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );

  it('delivers every line, each as one event, in order', async () => {
    const key = generateMasterKeyText();
    const total = rounds * perRound;
    const text = Array.from({ length: total }, (_, index) =>
      JSON.stringify({
        type: 'log',
        level: 'INFO',
        message: `line ${index} of u${index % 50}@example.org`,
        user_id: `u${index % 50}`,
      }),
    );
    writeFileSync(join(folder, 'in.ndjson'), text.join('\n'));
    for (let round = 0; round < rounds; round += 1) {
      const process = start(key);
      const gone = new Promise((resolve) => process.once('exit', resolve));
      // Not before the first events of this round are there, so that each kill meets it at work.
      const before = server.arrived.length;
      const end = Date.now() + 15_000;
      while (server.arrived.length === before && process.exitCode === null && Date.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await new Promise((resolve) => setTimeout(resolve, chance() * 150));
      process.kill('SIGKILL');
      await gone;
    }
    const last = start(key);
    const said: Buffer[] = [];
    last.stdout?.on('data', (chunk: Buffer) => said.push(chunk));
    last.stderr?.on('data', (chunk: Buffer) => said.push(chunk));
    const status = await new Promise((resolve) => last.once('close', resolve));
    expect(status, Buffer.concat(said).toString()).toBe(0);
    const numbers = server.events.map((event) => Number(/^line (\d+) of tok_/.exec((event as LogEvent).message)?.[1]));
    expect(numbers).toEqual(Array.from({ length: total }, (_, index) => index));
    expect(new Set(server.events.map(({ event_id: id }) => id)).size).toBe(total);
    // All tokens can be turned back: originals were in the vault before anything left.
    const { openVault } = await import('../../src/vault/index.ts');
    const { parseMasterKey } = await import('@sdp/shared/crypto');
    const vault = await openVault({
      path: join(folder, 'token_vault.db'),
      masterKey: parseMasterKey(key),
      readOnly: true,
    });
    const reveal = vault.revealer(['events.user_id', 'events.text']);
    for (const [index, event] of server.events.entries()) {
      if (index % 97 !== 0) continue;
      expect(reveal(event.user_id as string)).toBe(`u${index % 50}`);
      const token = /tok_[0-9a-f]{32}/.exec((event as LogEvent).message)?.[0] ?? '';
      expect(reveal(token)).toBe(`u${index % 50}@example.org`);
    }
    await vault.close();
    expect(readFileSync(join(folder, 'event_spool', 'spool.json'), 'utf8')).not.toContain('example');
  }, 600_000);
});
