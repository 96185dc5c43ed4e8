import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { groupingAccuracy } from '../../../../bench/grouping-accuracy.ts';
import { hasTestData, testDataPath } from '../../../../test/support/test-data.ts';
import { maskLine } from '../../../src/anomaly/templates/mask-line.ts';
import { TemplateMiner } from '../../../src/anomaly/templates/template-miner.ts';

const limits = { templates: 1_000, variants: 4 };
const mine = (miner: TemplateMiner, line: string) => miner.observe(maskLine(line));

describe('templates of lines', () => {
  test('a few words in one place are kinds of messages, many are a variable', () => {
    const miner = new TemplateMiner(limits);
    const few = ['started', 'paused', 'resumed', 'stopped'];
    const ids = few.map((word) => mine(miner, `instance was ${word} again`).template.id);
    expect(new Set(ids).size).toBe(4);
    const joined = mine(miner, 'instance was deleted again');
    expect(joined.absorbed.map(({ id }) => id)).toEqual(ids.slice(1));
    expect(joined.template).toMatchObject({ id: ids[0], tokens: ['instance', 'was', '<*>', 'again'], lines: 5 });
    expect(mine(miner, 'instance was rescued again').template.id).toBe(ids[0]);
    expect(miner.templateCount).toBe(1);
  });

  test('of words that change together, in two places, twice as many are kinds', () => {
    const miner = new TemplateMiner(limits);
    const states = ['queued', 'picked', 'packed', 'shipped', 'landed', 'opened', 'returned', 'closed', 'lost', 'found'];
    const lines = states.slice(1).map((state, index) => `parcel went from ${states[index]} to ${state}`);
    for (const line of lines.slice(0, 8)) mine(miner, line);
    expect(miner.templateCount).toBe(8);
    mine(miner, lines[8] as string);
    expect(miner.templates().map(({ tokens }) => tokens.join(' '))).toEqual(['parcel went from <*> to <*>']);
  });

  test('names with dots are values sooner, exceptions are not', () => {
    const miner = new TemplateMiner(limits);
    for (const name of ['shop.cart.count', 'shop.order.total', 'shop.tax']) mine(miner, `gauge is ${name} today`);
    expect(miner.templates().map(({ tokens }) => tokens.join(' '))).toEqual(['gauge is <*> today']);
    for (const name of ['IOException', 'net.BindException', 'net.SocketException'])
      mine(miner, `refused by java.${name} today`);
    expect(miner.templateCount).toBe(4);
  });

  test('a line wider in one place and narrower in another is another kind', () => {
    const miner = new TemplateMiner(limits);
    mine(miner, 'command run-parts /etc/hourly ended');
    mine(miner, 'command /bin/status a ended');
    expect(miner.templateCount).toBe(2);
  });

  test('where a number stands once, a word is a variable too', () => {
    const miner = new TemplateMiner(limits);
    const { id } = mine(miner, 'login by root failed').template;
    expect(mine(miner, 'login by 1007 failed').template).toMatchObject({
      id,
      tokens: ['login', 'by', '<*>', 'failed'],
    });
    expect(mine(miner, 'login by anybody failed')).toMatchObject({ template: { id }, isNew: false });
  });

  test('the first word sets lines apart', () => {
    const miner = new TemplateMiner(limits);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) mine(miner, `${name}d startup succeeded`);
    expect(miner.templateCount).toBe(7);
  });

  test('at most so many are kept, the latest', () => {
    const miner = new TemplateMiner({ templates: 5, variants: 4 });
    for (const word of ['ant', 'bee', 'cat', 'dog', 'eel', 'fox']) mine(miner, `${word} came in`);
    expect(miner.templateCount).toBe(5);
    expect(mine(miner, 'fox came in').isNew).toBe(false);
    expect(mine(miner, 'ant came in').isNew).toBe(true);
  });
});

describe.skipIf(!hasTestData('anom-loghub'))('logs of real systems', () => {
  const systems = ['Apache', 'HDFS', 'Linux', 'OpenSSH', 'Thunderbird'];
  test('grouping accuracy is 0.9 on average, by one set of rules', () => {
    const accuracies = systems.map((system) => {
      const rows: { Content: string; EventId: string }[] = parse(
        readFileSync(testDataPath('anom-loghub', system, `${system}_2k.log_structured.csv`)),
        { columns: true, relax_quotes: true },
      );
      const miner = new TemplateMiner(limits);
      const groups = rows.map(({ Content }) => mine(miner, Content));
      return groupingAccuracy(
        groups.map(({ template, absorbed }) => ({ group: template.id, absorbed: absorbed.map(({ id }) => id) })),
        rows.map(({ EventId }) => EventId),
      );
    });
    expect(Math.min(...accuracies)).toBeGreaterThan(0.9);
    expect(accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / systems.length).toBeGreaterThan(0.98);
  });
});
