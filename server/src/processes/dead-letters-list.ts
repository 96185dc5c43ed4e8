import type { DeadLetters, DecidedLetter } from '../dead-letters/index.ts';
import type { ListOptions } from './dead-letters-options.ts';
import { printLine } from './print.ts';
import { printTable } from './print-table.ts';
import { printable } from './printable.ts';

interface TopicCounts {
  open: number;
  replayed: number;
  discarded: number;
  oldest: Date | undefined;
  newest: Date | undefined;
  /** Of open letters. */
  readonly codes: Map<string, number>;
}

/** Prints what there is: by topic, or the letters of one. */
export async function listLetters(
  letters: DeadLetters,
  topic: string | undefined,
  options: ListOptions,
): Promise<void> {
  await (topic === undefined ? listTopics(letters, options) : listTopic(letters, topic, options));
}

async function listTopics(letters: DeadLetters, { code, all, json }: ListOptions): Promise<void> {
  const counts = new Map<string, TopicCounts>();
  for (const topic of await letters.topics()) {
    const ofTopic = await count(letters.letters(topic, { code, all: true }));
    if (all || ofTopic.open > 0) counts.set(topic, ofTopic);
  }
  if (json) {
    printLine(JSON.stringify({ topics: [...counts].map(([topic, each]) => toJson(topic, each)) }));
    return;
  }
  if (counts.size === 0) {
    printLine('There are no dead letters.');
    return;
  }
  const now = Date.now();
  printTable(
    ['TOPIC', 'OPEN', 'REPLAYED', 'DISCARDED', 'OLDEST', 'NEWEST', 'REASONS'],
    [...counts].map(([topic, { open, replayed, discarded, oldest, newest, codes }]) => [
      ...[topic, open, replayed, discarded, age(oldest, now), age(newest, now)],
      [...codes].map(([reason, number]) => `${reason} ${number}`).join(', ') || undefined,
    ]),
  );
}

async function count(letters: AsyncIterable<DecidedLetter>): Promise<TopicCounts> {
  const codes = new Map<string, number>();
  const counts: TopicCounts = { open: 0, replayed: 0, discarded: 0, oldest: undefined, newest: undefined, codes };
  for await (const { letter, code, decision } of letters) {
    if (decision?.state === 'REPLAYED') counts.replayed++;
    else if (decision?.state === 'DISCARDED') counts.discarded++;
    else {
      counts.open++;
      codes.set(code, (codes.get(code) ?? 0) + 1);
      if (counts.oldest === undefined || letter.timestamp < counts.oldest) counts.oldest = letter.timestamp;
      if (counts.newest === undefined || letter.timestamp > counts.newest) counts.newest = letter.timestamp;
    }
  }
  return counts;
}

async function listTopic(letters: DeadLetters, topic: string, { code, all, limit, json }: ListOptions): Promise<void> {
  const shown: DecidedLetter[] = [];
  let more = 0;
  for await (const letter of letters.letters(topic, { code, all })) {
    if (shown.length < limit) shown.push(letter);
    else more++;
  }
  if (json) {
    printLine(JSON.stringify({ topic, letters: shown.map(letterJson), more }));
    return;
  }
  if (shown.length === 0 && more === 0) {
    printLine(`There are no dead letters in ${printable(topic)}.`);
    return;
  }
  const now = Date.now();
  printTable(
    ['LETTER', 'AGE', 'REASON', 'ATTEMPTS', 'BYTES', 'STATE'],
    shown.map(({ id, letter, code: reason, attempts, decision }) => [
      ...[id, age(letter.timestamp, now), reason, attempts, letter.value.byteLength, stateOf(decision)],
    ]),
  );
  if (more > 0) printLine(`and ${more} more; --limit shows them.`);
}

export function stateOf(decision: DecidedLetter['decision']): string {
  if (decision === undefined) return 'open';
  if (decision.state === 'REPLAYING') return 'replay begun';
  return decision.state.toLowerCase();
}

function toJson(topic: string, { oldest, newest, codes, ...counts }: TopicCounts) {
  return {
    ...{ topic, ...counts },
    ...{ oldest: oldest?.toISOString() ?? null, newest: newest?.toISOString() ?? null },
    reasons: Object.fromEntries(codes),
  };
}

export function letterJson({ id, letter, code, attempts, source, decision }: DecidedLetter) {
  return {
    ...{ id, buried_at: letter.timestamp.toISOString(), reason: code, attempts: attempts ?? null },
    source: source === undefined ? null : { ...source, offset: String(source.offset) },
    ...{ bytes: letter.value.byteLength, state: decision?.state ?? 'OPEN' },
    decided_at: decision?.decidedAt.toISOString() ?? null,
  };
}

function age(time: Date | undefined, now: number): string | undefined {
  if (time === undefined) return undefined;
  const minutes = Math.max(0, Math.floor((now - time.getTime()) / 60_000));
  if (minutes < 60) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / (24 * 60))} days`;
}
