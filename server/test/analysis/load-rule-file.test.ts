import { readFileSync } from 'node:fs';
import { ConfigError } from '@sdp/shared/errors';
import { describe, expect, it } from 'vitest';
import { loadRules, rulesOf } from '../../src/analysis/load-rule-file.ts';
import { shippedFile } from '../../src/topics/index.ts';

function problems(text: string): string[] {
  try {
    rulesOf('rules.yml', text);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return (error.details.findings ?? []).map(
      ({ line, column, field, message }) => `${line}:${column} ${field ?? ''}: ${message}`,
    );
  }
  return [];
}

describe('the file that SDP is shipped with', () => {
  it('has the built-in rules, and says of each where it is judged', async () => {
    const { rules } = await loadRules(shippedFile('anomaly-rules.yml'));
    expect(rules.rules.map(({ id, isLocal }) => `${id} ${isLocal ? 'here' : 'later'}`)).toEqual([
      'log-error-burst later',
      'log-failed here',
      'log-user-errors here',
      'metric-cpu-high here',
      'metric-latency-high here',
      'metric-cpu-and-latency here',
      'transaction-large here',
      'transaction-user-burst here',
    ]);
  });
});

it('takes the rules that docs/detection.md shows, one of each form at least', () => {
  const page = readFileSync(new URL('../../../docs/detection.md', import.meta.url), 'utf8');
  const [, example = ''] = /```yaml\n(rules:\n.*?)```/s.exec(page) ?? [];
  const { rules } = rulesOf('detection.md', `version: 1\n${example}`).rules;
  const forms = ['absence', 'all', 'any', 'distinct', 'pattern', 'rate', 'ratio', 'sustained', 'threshold'];
  expect([...new Set(rules.map(({ form }) => form))].toSorted()).toEqual(forms);
});

describe('a file that is not right', () => {
  it('is told of line by line', () => {
    const text = `version: 1
settings: { lateness: 5 minutes }
rules:
  - id: a
    title: A
    form: threshold
    events: log
    count: 0
    within: 3m
    colour: red
  - id: a
    title: B
    form: pattern
    events: logs
    where:
      all:
        - { field: level, equals: ERROR }
        - { field: nothing, equals: 1 }
        - { field: message, matches: '(' }
        - field: host
          equls: web
  - id: c
    title: C
    form: sometimes
    events: log
`;
    expect(problems(text)).toEqual([
      '2:23 settings.lateness: must be a number with ms, s, m, h or d, such as 90s or 3m',
      expect.stringMatching(/^8:12 rules.0.count: Too small/),
      expect.stringMatching(/^10:5 rules.0: Unrecognized key/),
      expect.stringMatching(/^14:13 rules.1.events: /),
      '18:20 rules.1.where.all.1.field: is no field of an event',
      '19:38 rules.1.where.all.2.matches: is no pattern of RE2',
      expect.stringMatching(/^21:11 rules.1.where.all.3: Unrecognized key/),
      expect.stringMatching(/^20:11 rules.1.where.all.3: needs at least one of/),
      expect.stringMatching(/^24:11 rules.2.form: /),
    ]);
    const twice =
      'version: 1\nrules:\n' +
      '  - { id: a, title: A, form: threshold, events: log, count: 1, within: 1s }\n'.repeat(2);
    expect(problems(twice)).toEqual(['4:11 rules.1.id: stands here a second time']);
    expect(problems('version: 1\nrules: [')).toEqual([expect.stringMatching(/^2:\d+ : is not well-formed YAML$/)]);
  });

  it('must name a form that can be judged', () => {
    const of = (rule: string) => problems(`version: 1\nrules:\n  - { id: a, title: A, events: log, ${rule} }\n`);
    const where = 'where: { field: level, equals: ERROR }';
    expect(of(`form: rate, ${where}, within: 1m`)).toEqual(['3:5 rules.0: needs one of per_second and share']);
    expect(of(`form: rate, ${where}, within: 1m, per_second: 1000`)).toHaveLength(1);
    expect(of(`form: threshold, ${where}, within: 100ms, count: 3`)).toEqual([
      expect.stringContaining('must be from 1 s to 1 d'),
    ]);
    expect(of('form: pattern, where: { field: level }')).toEqual([expect.stringContaining('needs at least one of')]);
    const deep = `${'{ not: '.repeat(7)}{ field: level, equals: x }${' }'.repeat(7)}`;
    expect(of(`form: pattern, where: ${deep}`)).toEqual([expect.stringContaining('too deep')]);
  });
});
