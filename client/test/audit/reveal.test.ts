import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseMasterKey } from '@sdp/shared/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateMasterKeyText } from '../../src/keys/index.ts';
import { openVault } from '../../src/vault/index.ts';
import { temporaryFolder } from '../support/run-command.ts';
import { runSdp } from '../support/run-program.ts';

let folder: ReturnType<typeof temporaryFolder>;
const keyText = generateMasterKeyText();
const env = () => ({ SDP_CRYPTO_KEY: keyText, SDP_STATE_DIR: join(folder.path, 'state'), SDP_OPERATOR: 'Anna' });
const sdp = (...args: readonly string[]) => runSdp(args, { cwd: folder.path, env: env() });
const log = () => join(folder.path, 'token_vault.db.audit.jsonl');
const events = () =>
  readFileSync(log(), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

async function tokenized(rows: number): Promise<void> {
  const lines = Array.from({ length: rows }, (_, n) => `canary${n}@example.org,${n}\n`);
  writeFileSync(join(folder.path, 'in.csv'), `a,b\n${lines.join('')}`);
  const run = await sdp(
    'tokenize-csv',
    '--input',
    'in.csv',
    '--output',
    'out.csv',
    '--source-table',
    't',
    '--column',
    'a',
  );
  expect(run.status, run.stderr).toBe(0);
}
const detokenize = (...more: readonly string[]) =>
  sdp('detokenize', '--input', 'out.csv', '--output', 'back.csv', ...more);

describe('detokenize and the audit log', () => {
  it('writes who, what and why before, and what became of it after', async () => {
    await tokenized(3);
    expect((await detokenize('--reason', 'ticket 4711')).status).toBe(0);
    const [begin, reveal, outcome, ...rest] = events();
    expect(rest).toEqual([]);
    expect(begin).toMatchObject({ event: 'begin', seq: 1 });
    expect(reveal).toMatchObject({
      event: 'reveal',
      command: 'detokenize',
      operator: { name: 'Anna', user: expect.any(String) },
      reason: 'ticket 4711',
      namespaces: ['t.a'],
      cells: 3,
      input: 'out.csv',
      output: 'back.csv',
    });
    expect(outcome).toMatchObject({ event: 'outcome', reveal: 2, status: 'released', cells: 3 });
    expect(readFileSync(log(), 'utf8')).not.toMatch(/canary|tok_/);
    expect(readFileSync(log(), 'utf8')).not.toContain(keyText.slice(0, 43));
  });

  it('asks for a reason when there are many values, with a manifest and without', async () => {
    await tokenized(1_001);
    const run = await detokenize();
    expect(run.status).toBe(2);
    expect(run.stderr).toMatch(/--reason/);
    expect(existsSync(join(folder.path, 'back.csv'))).toBe(false);
    const named = await detokenize('--column', 'a');
    expect(named.status).toBe(2);
    expect(existsSync(join(folder.path, 'back.csv'))).toBe(false);
    expect(events().at(-1)).toMatchObject({ event: 'outcome', status: 'failed', code: 'reason-missing' });
    expect((await detokenize('--reason', ' ')).status).toBe(2);
    expect((await detokenize('--reason', 'x'.repeat(1_001))).status).toBe(2);
    expect((await detokenize('--reason', 'ticket 4711')).status).toBe(0);
  });

  it('asks for a reason for many values in one run, however they are spread over files', async () => {
    for (const name of ['a', 'b', 'c']) {
      await tokenized(400);
      mkdirSync(join(folder.path, 'parts'), { recursive: true });
      renameSync(join(folder.path, 'out.csv'), join(folder.path, 'parts', `${name}.csv`));
    }
    const parts = (...more: readonly string[]) => sdp('detokenize', '--input', 'parts', '--output', 'back', ...more);
    for (const args of [[], ['--keep-going'], ['--json'], ['--column', 'a']]) {
      const run = await parts(...args);
      expect(run.status).toBe(2);
      expect(run.stderr + run.stdout.toString()).toMatch(/reason/);
      expect(existsSync(join(folder.path, 'back', 'c.csv'))).toBe(false);
    }
    expect((await parts('--reason', 'ticket 4711')).status).toBe(0);
  });

  it('asks for a reason for many values in one cell', async () => {
    await tokenized(1_001);
    const tokens = readFileSync(join(folder.path, 'out.csv'), 'utf8').match(/tok_[0-9a-f]{32}/g) ?? [];
    expect(tokens.length).toBe(1_001);
    writeFileSync(join(folder.path, 'one.csv'), `a\n${tokens.join(' ')}\n`);
    const run = await sdp('detokenize', '--input', 'one.csv', '--output', 'back.csv');
    expect(run.status).toBe(2);
    expect(existsSync(join(folder.path, 'back.csv'))).toBe(false);
    expect(events().at(-1)).toMatchObject({ status: 'failed', cells: 1_001 });
  });

  it('says that some were released where they went to stdout before a failure', async () => {
    await tokenized(1_001);
    const run = await sdp('detokenize', '--input', 'out.csv', '--output', '-', '--column', 'a');
    expect(run.status).toBe(2);
    expect(events().at(-1)).toMatchObject({ event: 'outcome', status: 'partial', code: 'reason-missing' });
    expect((await sdp('vault', 'audit', 'show')).stdout.toString()).toMatch(/ partial +out\.csv/);
  });

  it('finds a log that was kept elsewhere for one command and then taken away, and goes on only after a word on it', async () => {
    await tokenized(2);
    await detokenize();
    const hiding = { ...env(), SDP_AUDIT_LOG: 'hidden.jsonl' };
    const args = ['detokenize', '--input', 'out.csv', '--output', 'back.csv', '--reason', 'hidden'];
    for (const state of [env().SDP_STATE_DIR, join(folder.path, 'other-state')]) {
      const run = await runSdp(args, { cwd: folder.path, env: { ...hiding, SDP_STATE_DIR: state } });
      expect(run.status, run.stderr).toBe(0);
      const shown = (await sdp('vault', 'audit', 'show', '--json')).json()['reveals'];
      expect(shown).toContainEqual(expect.objectContaining({ reason: 'hidden' }));
      rmSync(join(folder.path, 'hidden.jsonl'));
      rmSync(join(folder.path, 'other-state'), { recursive: true, force: true });
      const verified = await sdp('vault', 'audit', 'verify');
      expect(verified.status).toBe(6);
      expect(verified.stderr).toMatch(/hidden\.jsonl: the log was removed/);
      expect((await sdp('doctor', '--json')).json()['checks']).toContainEqual(
        expect.objectContaining({ name: 'audit', status: 'fail' }),
      );
      const refused = await detokenize();
      expect(refused.status).toBe(6);
      expect(refused.stderr).toMatch(/is not where it was written.*hidden\.jsonl/);
      expect((await sdp('vault', 'audit', 'restart', '--reason', 'asked Anna')).status).toBe(0);
      expect(events()[0]).toMatchObject({ event: 'begin', lost: [{ file: 'hidden.jsonl', seq: 3 }] });
      expect((await sdp('vault', 'audit', 'verify')).status).toBe(0);
      expect((await detokenize()).status).toBe(0);
      expect((await sdp('vault', 'audit', 'verify')).status).toBe(0);
    }
  });

  it('checks the logs that were put aside, by the digests that link them', async () => {
    await tokenized(2);
    for (const reason of ['first year', 'second year']) {
      await detokenize();
      expect((await sdp('vault', 'audit', 'restart', '--reason', reason)).status).toBe(0);
    }
    await detokenize();
    const verify = () => sdp('vault', 'audit', 'verify', '--json');
    const aside = (await verify()).json()['logs'] as { aside: { file: string; state: string }[] }[];
    expect(aside[0]?.aside.map(({ state }) => state)).toEqual(['as it was', 'as it was']);
    const [second = '', first = ''] = (aside[0]?.aside ?? []).map(({ file }) => join(folder.path, file));
    const old = readFileSync(first);
    for (const file of [first, second]) {
      const bytes = readFileSync(file);
      writeFileSync(file, bytes.subarray(0, -20));
      expect((await verify()).status).toBe(6);
      rmSync(file);
      const run = await verify();
      expect([run.status, run.stderr]).toEqual([0, expect.stringMatching(/is not beside its successor/)]);
      writeFileSync(file, bytes);
    }
    expect(old.equals(readFileSync(first))).toBe(true);
    expect((await verify()).stderr).toBe('');
  });

  it('moves with its vault, and is measured by the head that the vault brought', async () => {
    await tokenized(2);
    await detokenize();
    await detokenize();
    const moved = join(folder.path, 'moved');
    mkdirSync(moved);
    for (const name of ['token_vault.db', 'token_vault.db.audit.jsonl']) {
      renameSync(join(folder.path, name), join(moved, name));
    }
    const there = (...args: readonly string[]) =>
      runSdp(args, { cwd: moved, env: { ...env(), SDP_STATE_DIR: join(moved, 'state') } });
    const again = () => there('detokenize', '--input', '../out.csv', '--output', 'back.csv');
    expect((await there('vault', 'audit', 'verify')).status).toBe(0);
    const path = join(moved, 'token_vault.db.audit.jsonl');
    const whole = readFileSync(path, 'utf8');
    writeFileSync(path, whole.split('\n').slice(0, 3).join('\n').concat('\n'));
    expect((await there('vault', 'audit', 'verify')).stderr).toMatch(/lines are missing at its end/);
    expect((await again()).status).toBe(6);
    rmSync(path);
    expect((await there('vault', 'audit', 'verify')).stderr).toMatch(/the log was removed/);
    expect((await again()).status).toBe(6);
    writeFileSync(path, whole);
    expect((await again()).status).toBe(0);
    expect((await there('vault', 'audit', 'verify', '--json')).json()).toMatchObject({ ok: true, reveals: 3 });
  });

  it('logs a failure as one', async () => {
    await tokenized(2);
    writeFileSync(join(folder.path, 'other.csv'), `a\ntok_${'0'.repeat(32)}\n`);
    expect((await sdp('detokenize', '--input', 'other.csv', '--output', 'back.csv')).status).toBe(5);
    expect(events().at(-1)).toMatchObject({ event: 'outcome', status: 'failed', code: 'token-unknown', cells: 0 });
  });

  it('reveals nothing where the log cannot be written', async () => {
    await tokenized(2);
    writeFileSync(join(folder.path, 'state'), 'a file where the folder should be');
    const run = await detokenize();
    expect(run.status).toBe(5);
    expect(run.stderr).toMatch(/audit log cannot be written.*nothing was revealed/);
    expect(run.stdout.length).toBe(0);
    expect(existsSync(join(folder.path, 'back.csv'))).toBe(false);
  });

  it('reveals nothing after the log was tampered with, until a new one is begun', async () => {
    await tokenized(2);
    await detokenize();
    writeFileSync(log(), readFileSync(log(), 'utf8').split('\n').slice(0, 2).join('\n').concat('\n'));
    rmSync(join(folder.path, 'back.csv'));
    const run = await detokenize();
    expect(run.status).toBe(6);
    expect(existsSync(join(folder.path, 'back.csv'))).toBe(false);
    const verified = await sdp('vault', 'audit', 'verify');
    expect(verified.status).toBe(6);
    expect(verified.stderr).toMatch(/lines are missing at its end/);
    expect((await sdp('vault', 'audit', 'restart', '--reason', 'looked into')).status).toBe(0);
    expect((await sdp('vault', 'audit', 'verify')).status).toBe(0);
    expect((await detokenize()).status).toBe(0);
    expect(readdirSync(folder.path).filter((name) => name.startsWith('token_vault.db.audit.jsonl.2')).length).toBe(1);
  });

  it('knows from the vault where it ended, when the state folder is gone', async () => {
    await tokenized(2);
    await detokenize();
    await detokenize();
    await tokenized(3);
    const whole = readFileSync(log(), 'utf8');
    const forgetHead = () => rmSync(join(folder.path, 'state'), { recursive: true, force: true });
    forgetHead();
    expect((await sdp('vault', 'audit', 'verify', '--json')).json()).toMatchObject({
      ok: true,
      logs: [{ head_known: true }],
    });
    writeFileSync(log(), whole.split('\n').slice(0, 3).join('\n').concat('\n'));
    expect((await sdp('vault', 'audit', 'verify')).stderr).toMatch(/lines are missing at its end/);
    expect((await detokenize()).status).toBe(6);
    rmSync(log());
    expect((await sdp('vault', 'audit', 'verify')).stderr).toMatch(/the log was removed/);
    expect((await detokenize()).status).toBe(6);
    writeFileSync(log(), whole);
    expect((await detokenize()).status).toBe(0);
    expect((await sdp('vault', 'verify')).status).toBe(0);
  });

  it('is listed, with filters', async () => {
    await tokenized(2);
    await detokenize('--reason', 'first');
    await detokenize('--reason', 'second');
    const shown = await sdp('vault', 'audit', 'show');
    expect(shown.stdout.toString()).toMatch(/detokenize .*\(Anna\) +first +2 +released +out\.csv/);
    const reasons = async (...args: readonly string[]) => {
      const { reveals } = (await sdp('vault', 'audit', 'show', '--json', ...args)).json();
      return (reveals as { reason: string }[]).map(({ reason }) => reason);
    };
    expect(await reasons()).toEqual(['first', 'second']);
    expect(await reasons('--last', '1')).toEqual(['second']);
    expect(await reasons('--since', '1h')).toEqual(['first', 'second']);
    expect(await reasons('--since', '2999-01-01')).toEqual([]);
    expect(await reasons('--command', 'vault show')).toEqual([]);
    expect((await sdp('vault', 'audit', 'show', '--since', 'yesterday')).status).toBe(2);
  });

  it('goes where SDP_AUDIT_LOG says', async () => {
    await tokenized(2);
    mkdirSync(join(folder.path, 'logs'));
    const options = { cwd: folder.path, env: { ...env(), SDP_AUDIT_LOG: 'logs/reveals.jsonl' } };
    expect((await runSdp(['detokenize', '--input', 'out.csv', '--output', 'back.csv'], options)).status).toBe(0);
    expect(existsSync(join(folder.path, 'logs', 'reveals.jsonl'))).toBe(true);
    expect(existsSync(log())).toBe(false);
    expect((await runSdp(['vault', 'audit', 'verify', '--json'], options)).json()).toMatchObject({ reveals: 1 });
  });

  it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
    'goes to the state folder where the vault’s folder may not be written',
    async () => {
      const closed = join(folder.path, 'closed');
      mkdirSync(closed);
      const path = join(closed, 'token_vault.db');
      const vault = await openVault({ path, masterKey: parseMasterKey(keyText), create: true });
      vault.tokenizer('t.a')('x');
      await vault.close();
      await tokenized(2);
      chmodSync(closed, 0o500);
      try {
        const run = await sdp('detokenize', '--input', 'in.csv', '--output', 'back.csv', '--vault', path);
        expect(run.status, run.stderr).toBe(0);
        expect(readdirSync(join(folder.path, 'state', 'audit')).some((name) => name.endsWith('.jsonl'))).toBe(true);
      } finally {
        chmodSync(closed, 0o700);
      }
    },
  );
});
