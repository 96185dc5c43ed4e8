import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateMasterKeyText } from '@sdp/shared/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseQuestionSheet } from '../../src/privacy/index.ts';
import { temporaryFolder } from '../support/run-command.ts';
import { runSdp } from '../support/run-program.ts';

let folder: ReturnType<typeof temporaryFolder>;
const keyText = generateMasterKeyText();
const sdp = (...args: readonly string[]) =>
  runSdp(args, { cwd: folder.path, env: { SDP_CRYPTO_KEY: keyText, SDP_STATE_DIR: join(folder.path, 'state') } });
const query = (...args: readonly string[]) =>
  sdp('privacy', 'query', '--input', 'people.csv', '--dataset', 'people', ...args);
const left = async () =>
  ((await sdp('privacy', 'budget', '--json')).json()['datasets'] as { left: unknown }[])[0]?.left;

const people = Array.from(
  { length: 3_000 },
  (_, index) => `p${index % 1_500},${index % 90},${['n', 's', 'e'][index % 3]}`,
);

beforeEach(async () => {
  folder = temporaryFolder();
  writeFileSync(join(folder.path, 'people.csv'), `person,age,region\n${people.join('\n')}\n`);
  const { status, stderr } = await sdp('privacy', 'budget', '--dataset', 'people', '--epsilon', '2', '--delta', '1e-6');
  expect(stderr).toBe('');
  expect(status).toBe(0);
});
afterEach(() => folder.remove());

describe('sdp privacy', () => {
  it('answers, says what the noise is, and what is left', async () => {
    const run = await query(
      '--statistic',
      'count',
      '--epsilon',
      '0.5',
      '--group-by',
      'region',
      '--groups',
      'n,s,x',
      '--json',
    );
    expect(run.stderr).toBe('');
    const { answers, ...rest } = run.json() as { answers: { group: string; value: number }[] };
    expect(rest).toMatchObject({
      charged: { composition: 'basic', epsilon: '0.5', delta: '0' },
      left: { epsilon: '1.5', delta: '0.000001' },
    });
    expect(answers.map(({ group }) => group)).toEqual(['n', 's', 'x']);
    for (const [index, exact] of [1_000, 1_000, 0].entries()) {
      expect(Math.abs((answers[index]?.value ?? 0) - exact)).toBeLessThan(100);
    }
    const text = (
      await query('--statistic', 'mean', '--column', 'age', '--bounds', '0,120', '--epsilon', '0.5')
    ).stdout.toString();
    expect(text).toMatch(/^statistic +column +answer +noise +scale +95 % bounds$/m);
    expect(text).toMatch(/^mean +age +4\d.*laplace +240 \(sum\) +4\d.* to 4\d/m);
    expect(text).toMatch(/^charged to people: ε 0\.5; left: ε 1, δ 0\.000001$/m);
  });

  it('refuses with a status of its own when the budget does not reach, and charges nothing', async () => {
    const before = await left();
    const run = await query('--statistic', 'count', '--epsilon', '2.1');
    expect(run.status).toBe(10);
    expect(run.stdout.toString()).toBe('');
    expect(run.stderr).toMatch(
      /^sdp: error: The privacy budget does not reach: ε 2\.1 is asked for, ε 2, δ 0\.000001 is left$/m,
    );
    expect(await left()).toEqual(before);
  });

  it('charges nothing for what cannot be answered', async () => {
    const before = await left();
    expect((await query('--statistic', 'mean', '--column', 'none', '--bounds', '0,1', '--epsilon', '1')).status).toBe(
      4,
    );
    expect((await query('--statistic', 'mean', '--column', 'age', '--epsilon', '1')).stderr).toMatch(
      /--bounds is missing/,
    );
    expect((await query('--statistic', 'count', '--epsilon', '1', '--group-by', 'region')).stderr).toMatch(
      /--groups have to be declared/,
    );
    expect(
      (await query('--statistic', 'quantile', '--noise', 'gaussian', '--epsilon', '1', '--delta', '1e-7')).status,
    ).toBe(2);
    expect(await left()).toEqual(before);
  });

  it('counts no more records of a person than were declared', async () => {
    const run = await query('--statistic', 'count', '--epsilon', '1', '--person', 'person', '--json');
    const [answer] = run.json()['answers'] as { value: number; scale: number }[];
    expect(Math.abs((answer?.value ?? 0) - 1_500)).toBeLessThan(30);
    const two = await query(
      '--statistic',
      'count',
      '--epsilon',
      '1',
      '--person',
      'person',
      '--records-per-person',
      '2',
      '--json',
    );
    const [both] = two.json()['answers'] as { value: number; scale: number }[];
    expect(both?.scale).toBe(2);
    expect(Math.abs((both?.value ?? 0) - 3_000)).toBeLessThan(60);
  });

  it('gives a copied vault no budget of its own, and the same file no second name', async () => {
    await query('--statistic', 'count', '--epsilon', '2');
    copyFileSync(join(folder.path, 'token_vault.db'), join(folder.path, 'copy.db'));
    expect((await query('--statistic', 'count', '--epsilon', '0.1', '--vault', 'copy.db')).status).toBe(10);
    await sdp('privacy', 'budget', '--dataset', 'fresh', '--epsilon', '5');
    const renamed = await sdp(
      'privacy',
      'query',
      '--input',
      'people.csv',
      '--dataset',
      'fresh',
      '--statistic',
      'count',
      '--epsilon',
      '1',
    );
    expect(renamed.status).toBe(4);
    expect(renamed.stderr).toMatch(/one file has one budget/);
  });

  it('answers nothing where the ledger is gone, or cannot be written', async () => {
    const ledgers = join(folder.path, 'state', 'privacy');
    for (const name of readdirSync(ledgers).filter((file) => file.endsWith('.jsonl'))) rmSync(join(ledgers, name));
    const run = await query('--statistic', 'count', '--epsilon', '0.1');
    expect(run.status).toBe(6);
    expect(run.stdout.toString()).toBe('');
  });

  it('holds neither values nor groups in its ledger', async () => {
    await query('--statistic', 'count', '--epsilon', '0.1', '--group-by', 'region', '--groups', 'n,s');
    const [name = ''] = readdirSync(join(folder.path, 'state', 'privacy')).filter((file) => file.endsWith('.jsonl'));
    const ledger = readFileSync(join(folder.path, 'state', 'privacy', name), 'utf8');
    expect(ledger).toMatch(/"questions":\["count"\]/);
    expect(ledger).not.toMatch(/region|"n"|p1\b/);
    expect(existsSync(join(folder.path, 'token_vault.db.privacy-head'))).toBe(true);
  });

  it('answers a sheet of questions at once, by zcdp where asked', async () => {
    await sdp('privacy', 'budget', '--dataset', 'sheet', '--epsilon', '1', '--delta', '1e-6', '--composition', 'zcdp');
    writeFileSync(
      join(folder.path, 'questions.yml'),
      `dataset: sheet
person: person
records_per_person: 2
questions:
  - { statistic: count, rho: 0.001 }
  - { statistic: histogram, column: age, edges: [0, 30, 60, 90], rho: 0.001 }
  - { statistic: quantile, column: age, bounds: [0, 120], quantiles: [0.25, 0.5], epsilon: 0.05 }
  - { statistic: sum, column: age, bounds: [0, 120], noise: gaussian, epsilon: 0.1, delta: 1e-7 }
`,
    );
    const run = await sdp('privacy', 'query', '--input', 'people.csv', '--config', 'questions.yml', '--json');
    expect(run.stderr).toBe('');
    expect(run.json()['answers']).toHaveLength(7);
    expect(run.json()['charged']).toMatchObject({ composition: 'zcdp' });
  });
});

describe('a sheet of questions', () => {
  it('of the sample is answered', async () => {
    const root = join(import.meta.dirname, '../../..');
    await sdp('privacy', 'budget', '--dataset', 'customers', '--epsilon', '1', '--delta', '1e-6');
    const config = join(root, 'configs/privacy_questions.yml');
    const run = await sdp(
      'privacy',
      'query',
      '--input',
      join(root, 'data-samples/customers_raw.csv'),
      '--config',
      config,
      '--json',
    );
    expect(run.stderr).toBe('');
    expect(run.json()['answers']).toHaveLength(12);
  });

  it('is refused with every error, and where it stands', () => {
    const text = `dataset: people
records_per_person: 3
questions:
  - statistic: means
    epsilon: 1
  - statistic: mean
    column: age
    bounds: [120, 0]
    epsilon: 0
    colour: red
`;
    expect(() => parseQuestionSheet(text)).toThrow(
      expect.objectContaining({
        code: 'config-invalid',
        details: expect.objectContaining({
          findings: [
            expect.objectContaining({ line: 2 }),
            expect.objectContaining({ line: 4, message: expect.stringContaining('did you mean mean?') }),
            expect.objectContaining({ line: 9, field: 'epsilon' }),
            expect.objectContaining({ line: 10, message: expect.stringContaining('unknown key') }),
          ],
        }),
      }),
    );
  });
});
