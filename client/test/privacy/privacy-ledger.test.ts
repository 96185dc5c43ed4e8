import { spawn } from 'node:child_process';
import { createSecretKey, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Decimal, parseDecimal, pureCost } from '@sdp/shared/anonymization/privacy';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PrivacyLedger } from '../../src/privacy/index.ts';
import { temporaryFolder } from '../support/run-command.ts';

const decimal = (text: string) => parseDecimal(text) as Decimal;
const key = createSecretKey(randomBytes(32));
let folder: ReturnType<typeof temporaryFolder>;
let ledgerPath: string;
let headPath: string;
const open = (other = key) =>
  new PrivacyLedger({ ledgerPath, headPath, vaultId: 'v', key: other, operator: { user: 'test' } });
const charge = (epsilon: string, file = 'f', dataset = 'd') =>
  open().charge({ dataset, cost: pureCost(decimal(epsilon)), questions: ['count'], file });
const declare = (epsilon: string, dataset = 'd') =>
  open().declare(dataset, { composition: 'basic', epsilon: decimal(epsilon), delta: decimal('0') });
const spent = () => open().accounts().of('d')?.account.spent;
const code = (name: string) => expect.objectContaining({ code: name });

beforeEach(() => {
  folder = temporaryFolder();
  ledgerPath = join(folder.path, 'state', 'v.jsonl');
  headPath = join(folder.path, 'token_vault.db.privacy-head');
  declare('1');
});
afterEach(() => folder.remove());

describe('a privacy ledger', () => {
  it('charges until the budget is spent, and then no more', () => {
    expect(charge('0.6').left).toEqual({ composition: 'basic', epsilon: decimal('0.4'), delta: 0n });
    expect(() => charge('0.5')).toThrow(code('privacy-budget-spent'));
    charge('0.4');
    expect(() => charge('0.000000000000000001')).toThrow(code('privacy-budget-spent'));
    expect(spent()).toMatchObject({ epsilon: decimal('1') });
  });

  it('keeps a budget for good', () => {
    declare('1');
    expect(() => declare('2')).toThrow(code('privacy-dataset-conflict'));
    expect(() => charge('0.1', 'f', 'other')).toThrow(code('privacy-dataset-unknown'));
  });

  it('lets no file be asked about under a second name', () => {
    declare('1', 'other');
    charge('0.1', 'file 1');
    expect(() => charge('0.1', 'file 1', 'other')).toThrow(code('privacy-dataset-conflict'));
    charge('0.1', 'file 2', 'other');
  });
});

describe('a ledger that somebody else wrote to', () => {
  const tampered = code('privacy-ledger-tampered');

  it('is refused for a change at any place', () => {
    charge('0.3');
    charge('0.2');
    const good = readFileSync(ledgerPath);
    for (let at = 0; at < good.length; at += 7) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] as number) ^ 1;
      writeFileSync(ledgerPath, bad);
      expect(() => charge('0.1'), `byte ${at}`).toThrow(tampered);
    }
    writeFileSync(ledgerPath, good);
    charge('0.1');
  });

  it('is refused where lines were taken out, or an older copy was put back', () => {
    charge('0.3');
    const older = readFileSync(ledgerPath);
    charge('0.2');
    const lines = readFileSync(ledgerPath, 'utf8').split('\n');
    for (const text of [older.toString(), lines.toSpliced(2, 1).join('\n'), lines.toSpliced(0, 1).join('\n'), '']) {
      writeFileSync(ledgerPath, text);
      expect(() => charge('0.1')).toThrow(tampered);
      expect(() => open().accounts()).toThrow(tampered);
    }
    rmSync(ledgerPath);
    expect(() => open().accounts()).toThrow(tampered);
    expect(() => declare('1')).toThrow(tampered);
  });

  it('is refused where lines were put in another order, or one in the place of another', () => {
    for (const epsilon of ['0.5', '0.1', '0.1']) charge(epsilon);
    const [begin = '', budget = '', large = '', small = '', last = ''] = readFileSync(ledgerPath, 'utf8').split('\n');
    // The last line is where the head says in both.
    for (const lines of [
      [begin, budget, small, large, last, ''],
      [begin, budget, small, small, last, ''],
    ]) {
      writeFileSync(ledgerPath, lines.join('\n'));
      expect(() => charge('0.1')).toThrow(tampered);
    }
  });

  it('is refused where its head was changed, or it was written with another key', () => {
    const head = readFileSync(headPath, 'utf8');
    writeFileSync(headPath, head.replace('"seq":2', '"seq":1'));
    expect(() => charge('0.1')).toThrow(tampered);
    writeFileSync(headPath, head);
    expect(() => open(createSecretKey(randomBytes(32))).accounts()).toThrow(tampered);
  });

  it('goes on from a line that a crash cut short, and without its head', () => {
    charge('0.3');
    appendFileSync(ledgerPath, '{"seq":4,"ti');
    charge('0.2');
    copyFileSync(headPath, `${headPath}.old`);
    rmSync(headPath);
    charge('0.1');
    expect(spent()).toMatchObject({ epsilon: decimal('0.6') });
  });
});

describe('a ledger that several processes charge', () => {
  const start = (epsilon: string) => {
    const program = join(import.meta.dirname, 'children', 'charge.ts');
    const child = spawn(process.execPath, ['--conditions=sdp-source', program, ledgerPath, headPath, epsilon], {
      env: { TEST_KEY: key.export().toString('hex') },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    const ended = once(child, 'close').then(() => printed.split('\n').slice(0, -1));
    return { child, ended, first: new Promise<void>((resolve) => child.stdout.once('data', () => resolve())) };
  };

  it('is charged exactly as often as the budget allows', async () => {
    const lines = (await Promise.all([1, 2, 3].map(() => start('0.05').ended))).flat();
    expect(lines.filter((line) => line === 'charged')).toHaveLength(20);
    expect(lines.filter((line) => line === 'privacy-budget-spent')).toHaveLength(3);
    expect(spent()).toMatchObject({ epsilon: decimal('1') });
  });

  it('has every charge that was acknowledged after kills at any moment', async () => {
    let charged = 0;
    for (let kill = 0; kill < 2; kill += 1) {
      const { child, ended, first } = start('0.0001');
      await first;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 15));
      child.kill('SIGKILL');
      charged += (await ended).filter((line) => line === 'charged').length;
    }
    const written = open().accounts().of('d')?.charges.length ?? 0;
    expect(written).toBeGreaterThanOrEqual(charged);
    // Of each run that was killed one charge at most was written and not acknowledged.
    expect(written).toBeLessThanOrEqual(charged + 2);
  });
});
