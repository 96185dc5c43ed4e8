import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type UploadBench, uploadBench } from '../support/upload-bench.ts';

let bench: UploadBench;

beforeEach(async () => {
  bench = await uploadBench();
});

afterEach(async () => {
  await bench.close();
});

const rules = `version: 1
rules:
  - id: old
    title: Very old
    form: pattern
    where: { field: age, at_least: 90 }
  - id: same-age
    title: Many of one age
    form: threshold
    group_by: [age]
    count: 3
    within: 1d
`;

const upload = (text: string, argv: readonly string[] = ['--param', 'time_column=note']) => {
  writeFileSync(`${bench.folder}/rules.yml`, text);
  return bench.upload(['--processing-type', 'anomaly_detection', '--param', 'rules=@rules.yml', ...argv]);
};

describe('--param rules=@FILE', () => {
  test('sends the rules as they are written, in a header', async () => {
    const run = await upload(rules);
    expect(run.error).toBeUndefined();
    expect(bench.server.batches[0]?.params).toEqual({
      time_column: 'note',
      rules: [
        { id: 'old', title: 'Very old', form: 'pattern', where: { field: 'age', at_least: 90 } },
        { id: 'same-age', title: 'Many of one age', form: 'threshold', group_by: ['age'], count: 3, within: '1d' },
      ],
    });
  });

  test('names every mistake with its line, and sends nothing', async () => {
    const wrong = rules
      .replace('at_least: 90', 'matches: "(", above: many')
      .replace('count: 3', 'cuont: 3\n    events: log')
      .replace('version: 1', 'version: 1\nsettings: {}');
    const run = await upload(wrong);
    expect(run.error).toMatchObject({ code: 'config-invalid' });
    expect(run.error?.details.findings?.map(({ line, field }) => [line, field])).toEqual([
      [2, 'file'],
      [7, 'rules.0.where.matches'],
      [7, 'rules.0.where.above'],
      [8, 'rules.1.count'],
      [12, 'rules.1'],
      [13, 'rules.1.events'],
    ]);
    expect(bench.server.requests).toHaveLength(0);
  });

  test.each([
    ['not YAML', 'version: 1\nrules: [', 2],
    ['an alias', 'version: 1\nrules: &all\n  - *all\n', 1],
    ['no rules', 'version: 1\nrules: []\n', 2],
    ['nothing', '', 1],
  ])('refuses %s', async (_, text, line) => {
    const run = await upload(text);
    expect(run.error).toMatchObject({ code: 'config-invalid' });
    expect(run.error?.details.findings?.[0]?.line).toBe(line);
  });

  test('personal data in a rule stays here, and is not said again', async () => {
    const run = await upload(rules.replace('at_least: 90', 'equals: jane@example.com'));
    expect(run.error?.details.findings).toEqual([
      expect.objectContaining({ line: 6, message: expect.stringContaining('e-mail address') }),
    ]);
    expect(run.stdout + run.stderr).not.toContain('jane');
    expect(bench.server.requests).toHaveLength(0);
  });

  test.each([
    ['rules over several rows without a column of times', rules, [], 'usage-invalid'],
    ['a column that the file has not', rules.replace('[age]', '[years]'), undefined, 'csv-column-unknown'],
    ['a time column that the file has not', rules, ['--param', 'time_column=at'], 'csv-column-unknown'],
  ])('refuses %s', async (_, text, argv, code) => {
    const run = await upload(text, argv);
    expect(run.error?.code).toBe(code);
    expect(bench.server.requests.filter(({ method }) => method === 'POST')).toHaveLength(0);
  });

  test('a file that is not there, a value that is no file, and rules too long for a header', async () => {
    const batch = ['--processing-type', 'anomaly_detection'];
    expect((await bench.upload([...batch, '--param', 'rules=@none.yml'])).error?.code).toBe('config-unreadable');
    expect((await bench.upload([...batch, '--param', 'rules=none.yml'])).error?.code).toBe('usage-invalid');
    const many = Array.from(
      { length: 50 },
      (_, index) =>
        `  - { id: r${index}, title: ${'long '.repeat(40)}, form: pattern, where: { field: age, above: 1 } }`,
    );
    const run = await upload(`version: 1\nrules:\n${many.join('\n')}\n`);
    expect(run.error?.code).toBe('usage-invalid');
    expect(run.error?.message).toMatch(/too long/);
  });
});
