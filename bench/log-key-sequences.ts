import { readFileSync } from 'node:fs';
import { testDataPath } from '../test/support/test-data.ts';
import { markdownTable } from './measure.ts';

type Session = readonly string[];

/** Of 100 sessions, in the precision shown. */
const abnormalShare = 0.03;

/**
 * Sessions of HDFS as sequences of log keys: which share of the abnormal ones and of normal ones that weren't learned from
 * simple observations would tell. Learned from two thirds of the normal sessions of the folder `anom-deeplog-hdfs`.
 */
export function sequenceTable(): string {
  const normal = sessions('hdfs_train');
  const abnormal = sessions('hdfs_test_abnormal');
  const learned = normal.filter((_, index) => index % 3 !== 0);
  const held = normal.filter((_, index) => index % 3 === 0);
  const keys = new Set(learned.flat());
  const pairs = new Set(learned.flatMap(transitions));
  const ranges = countRanges(learned);
  const observations: [string, (session: Session) => boolean][] = [
    ['a template never seen (new template)', (session) => session.some((key) => !keys.has(key))],
    ['a template more or less often than ever (frequency)', (session) => isOutside(session, ranges)],
    ['two templates that never followed each other (transition)', (session) => hasNew(session, pairs)],
  ];
  observations.push([
    'any of the three',
    (session) => observations.slice(0, 3).some(([, isUnusual]) => isUnusual(session)),
  ]);
  const rows = observations.map(([name, isUnusual]) => {
    const recall = share(abnormal, isUnusual);
    const falseAlarms = share(held, isUnusual);
    const precision = (abnormalShare * recall) / (abnormalShare * recall + (1 - abnormalShare) * falseAlarms);
    return [
      name,
      recall.toFixed(4),
      `${(100 * falseAlarms).toFixed(2)} %`,
      Number.isNaN(precision) ? '–' : precision.toFixed(2),
    ];
  });
  const counts = `${learned.length} normal sessions learned, ${held.length} normal and ${abnormal.length} abnormal ones judged:`;
  return `${counts}\n\n${markdownTable(['observation', 'recall', 'false alarms', `precision, were ${100 * abnormalShare} % abnormal`], rows)}`;
}

function sessions(name: string): Session[] {
  return readFileSync(testDataPath('anom-deeplog-hdfs', name), 'utf8')
    .split('\n')
    .map((line) => line.split(' ').filter((key) => key !== ''))
    .filter((session) => session.length > 0);
}

function transitions(session: Session): string[] {
  return session.map((key, index) => `${session[index - 1] ?? ''} ${key}`).concat(`${session.at(-1)} `);
}

function hasNew(session: Session, pairs: ReadonlySet<string>): boolean {
  return transitions(session).some((pair) => !pairs.has(pair));
}

function countsOf(session: Session): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of session) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

function countRanges(learned: readonly Session[]): Map<string, { low: number; high: number }> {
  const ranges = new Map<string, { low: number; high: number }>();
  const all = learned.map(countsOf);
  for (const key of new Set(learned.flat())) {
    const counts = all.map((session) => session.get(key) ?? 0);
    ranges.set(key, { low: Math.min(...counts), high: Math.max(...counts) });
  }
  return ranges;
}

function isOutside(session: Session, ranges: ReadonlyMap<string, { low: number; high: number }>): boolean {
  const counts = countsOf(session);
  for (const [key, { low, high }] of ranges) {
    const count = counts.get(key) ?? 0;
    if (count < low || count > high) return true;
  }
  return false;
}

function share(all: readonly Session[], isUnusual: (session: Session) => boolean): number {
  return all.filter(isUnusual).length / all.length;
}
