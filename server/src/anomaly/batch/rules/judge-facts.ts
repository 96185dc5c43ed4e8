import type { CompiledRule } from '../../../anomaly-rules/index.ts';
import type { RowFacts } from './row-facts.ts';

export type RuleNumbers = Readonly<Record<string, number>>;

/** What a rule found: for each of its facts, in the order of the batch, the place in `numbers`, or −1. */
export interface Marks {
  readonly rows: Uint32Array;
  readonly found: Int32Array;
  readonly numbers: readonly RuleNumbers[];
}

/** Places [from, to) of one group, in order. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** A window that meets the rule. */
interface MetWindow extends Span {
  readonly numbers: number;
  /** How far it is beyond the limit. */
  readonly strength: number;
}

/**
 * Finds all rows that stand in a window, a row of samples or before a silence that meets the rule. A window (t − within, t]
 * ends at a row and holds all rows of its last moment; a row that is in several is put down to the one that is furthest beyond the
 * limit. No cooldown: it keeps people from being told twice, and here each row has its own verdict.
 *
 * @param newestMs time of the newest row of the batch
 */
export function judgeFacts(facts: RowFacts, newestMs: number): Marks {
  const order = facts.inOrder();
  const found = new Int32Array(facts.size).fill(-1);
  const book = new NumberBook();
  const judge = { window: judgeWindows, sustained: judgeRows, absence: judgeSilences }[
    facts.rule.kind as 'window' | 'sustained' | 'absence'
  ];
  for (let from = 0; from < order.length; ) {
    const group = facts.groups[order[from] as number];
    let to = from + 1;
    while (to < order.length && facts.groups[order[to] as number] === group) to += 1;
    judge({ facts, order, found, book, newestMs }, { from, to });
    from = to;
  }
  return { rows: facts.rows.slice(0, facts.size), found, numbers: book.all };
}

interface Judging {
  readonly facts: RowFacts;
  readonly order: Uint32Array;
  readonly found: Int32Array;
  readonly book: NumberBook;
  readonly newestMs: number;
}

/** Equal numbers stand there once. */
class NumberBook {
  readonly all: RuleNumbers[] = [];
  readonly #known = new Map<string, number>();

  note(numbers: RuleNumbers): number {
    const key = Object.values(numbers).join();
    let at = this.#known.get(key);
    if (at === undefined) {
      at = this.all.push(numbers) - 1;
      this.#known.set(key, at);
    }
    return at;
  }
}

function judgeWindows(judging: Judging, group: Span): void {
  const { facts, order, found } = judging;
  const { evidenceBits } = facts.rule;
  const windows = metWindows(judging, group);
  // Both ends of the windows rise, so those that hold a place follow one another: the strongest is kept in front.
  const holding: MetWindow[] = [];
  let next = 0;
  let first = 0;
  for (let at = group.from; at < group.to; at += 1) {
    for (; next < windows.length && (windows[next] as MetWindow).from <= at; next += 1) {
      const window = windows[next] as MetWindow;
      while (holding.length > first && (holding.at(-1) as MetWindow).strength < window.strength) holding.pop();
      holding.push(window);
    }
    while (first < holding.length && (holding[first] as MetWindow).to <= at) first += 1;
    const place = order[at] as number;
    const strongest = holding[first];
    if (strongest === undefined || (evidenceBits !== 0 && ((facts.bits[place] as number) & evidenceBits) === 0))
      continue;
    found[place] = strongest.numbers;
  }
}

function metWindows({ facts, order, book }: Judging, group: Span): MetWindow[] {
  const { rule, times, bits, values } = facts;
  const aggregate = rule.newAggregate();
  const windows: MetWindow[] = [];
  let { from } = group;
  for (let to = group.from; to < group.to; ) {
    const endMs = times[order[to] as number] as number;
    for (; to < group.to && times[order[to] as number] === endMs; to += 1) {
      const place = order[to] as number;
      aggregate.add(bits[place] as number, values[place] ?? 0);
    }
    for (; (times[order[from] as number] as number) <= endMs - rule.withinMs; from += 1) {
      const place = order[from] as number;
      aggregate.remove(bits[place] as number, values[place] ?? 0);
    }
    if (!aggregate.isMet()) continue;
    const numbers = aggregate.numbers();
    windows.push({ from, to, numbers: book.note(numbers), strength: strengthOf(rule, numbers) });
  }
  return windows;
}

function strengthOf({ form, evidenceBits }: CompiledRule, numbers: RuleNumbers): number {
  const { count, share, ratio, distinct, conditions } = numbers;
  // Of a ratio that is too low the lowest counts.
  if (form === 'ratio') return evidenceBits === 0 ? -(ratio ?? 0) : (ratio ?? 0);
  return share ?? count ?? distinct ?? conditions ?? 0;
}

/** Samples in a row that meet the condition, where enough of them fit into the time. */
function judgeRows({ facts, order, found, book }: Judging, group: Span): void {
  const { rule, times, bits } = facts;
  const timeAt = (at: number) => times[order[at] as number] as number;
  const marks: Span[] = [];
  let start = group.from;
  for (let at = group.from; at < group.to; at += 1) {
    if (bits[order[at] as number] === 0) start = at + 1;
    const from = at - rule.samples + 1;
    if (from < start || timeAt(at) - timeAt(from) >= rule.withinMs) continue;
    const last = marks.at(-1);
    if (last !== undefined && from < last.to) marks[marks.length - 1] = { from: last.from, to: at + 1 };
    else marks.push({ from, to: at + 1 });
  }
  for (const { from, to } of marks) {
    const numbers = book.note({ samples: to - from, limit: rule.samples });
    for (let at = from; at < to; at += 1) found[order[at] as number] = numbers;
  }
}

/** The last row before nothing came for longer than the time, as long as the batch goes on. */
function judgeSilences({ facts, order, found, book, newestMs }: Judging, group: Span): void {
  const { rule, times } = facts;
  for (let at = group.from; at < group.to; at += 1) {
    const place = order[at] as number;
    const nextMs = at + 1 < group.to ? (times[order[at + 1] as number] as number) : newestMs;
    const silentMs = nextMs - (times[place] as number);
    if (silentMs <= rule.withinMs) continue;
    found[place] = book.note({ silent_seconds: Math.round(silentMs / 1_000), limit: rule.withinMs / 1_000 });
  }
}
