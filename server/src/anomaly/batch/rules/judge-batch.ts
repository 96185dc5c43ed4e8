import { setImmediate as nextTurn } from 'node:timers/promises';
import { type AnomalyRuleReason, batchRulesSchema, type Cell, columnsOfRules } from '@sdp/shared/contracts';
import { InputError } from '@sdp/shared/errors';
import { type CompiledRule, compileRule } from '../../../anomaly-rules/index.ts';
import type { BatchInput } from '../../../batches/index.ts';
import type { ColumnProfile } from '../column-profile.ts';
import { indicesOf } from '../column-selection.ts';
import { rowsInTurns } from '../rows-in-turns.ts';
import { overRows } from './column-conditions.ts';
import { judgeFacts, type Marks } from './judge-facts.ts';
import { RowFacts } from './row-facts.ts';
import { RowReader } from './row-reader.ts';
import { timesIn } from './row-times.ts';

type Row = readonly (Cell | undefined)[];

/** Facts that one pass over the batch may gather: some 100 MB at most. */
const mostFacts = 4_000_000;

/** Says which rules a row met. Asked for rows in the order of the batch, each once. */
export interface RowRules {
  reasonsOf(index: number, cells: Row): AnomalyRuleReason[];
}

/**
 * Judges the rules that a batch brought over its rows, those over several rows in the order of their times.
 *
 * @returns undefined for a batch without rules
 * @throws {InputError} `batch-unprocessable` for a column that isn't there, or a time column without times
 */
export async function judgeBatchRules(
  input: BatchInput<'anomaly_detection'>,
  profiles: readonly ColumnProfile[],
): Promise<RowRules | undefined> {
  const { columns, params } = input;
  if (params.rules === undefined) return undefined;
  const parsed = batchRulesSchema.safeParse(params.rules);
  if (!parsed.success) throw new InputError('batch-unprocessable', { message: 'The rules are not valid' });
  const definitions = parsed.data.filter(({ enabled }) => enabled);
  indicesOf(columns, columnsOfRules(definitions));
  const reader = new RowReader(definitions, { columns, profiles });
  const rules = definitions.map(overRows).map(compileRule);
  const found = await judgeSeveral(input, profiles, {
    reader,
    rules: rules.filter(({ kind }) => kind !== 'single'),
  });
  return new FoundRules(rules, reader, found);
}

interface Several {
  readonly reader: RowReader;
  readonly rules: readonly CompiledRule[];
}

/** Rules that several rows decide, as many in a pass as memory allows. */
async function judgeSeveral(
  input: BatchInput<'anomaly_detection'>,
  profiles: readonly ColumnProfile[],
  { reader, rules }: Several,
): Promise<Map<CompiledRule, Marks>> {
  const found = new Map<CompiledRule, Marks>();
  const { columns, params, recordCount } = input;
  const timeColumn = params.time_column;
  if (rules.length === 0 || timeColumn === undefined) return found;
  const [timeIndex = 0] = indicesOf(columns, [timeColumn]) ?? [];
  const timeOf = timesIn(timeColumn, profiles[timeIndex] as ColumnProfile);
  const atOnce = Math.max(1, Math.floor(mostFacts / recordCount));
  for (let from = 0; from < rules.length; from += atOnce) {
    const facts = rules.slice(from, from + atOnce).map((rule) => new RowFacts(rule, recordCount));
    let newestMs = Number.NEGATIVE_INFINITY;
    for await (const { firstSeq, rows } of rowsInTurns(input)) {
      for (const [offset, cells] of rows.entries()) {
        const timeMs = timeOf(cells[timeIndex]);
        if (Number.isNaN(timeMs)) continue;
        newestMs = Math.max(newestMs, timeMs);
        const event = reader.read(cells);
        for (const each of facts) each.add(firstSeq - 1 + offset, timeMs, event);
      }
    }
    for (const each of facts) {
      await nextTurn();
      found.set(each.rule, judgeFacts(each, newestMs));
    }
  }
  return found;
}

class FoundRules implements RowRules {
  readonly #reader: RowReader;
  readonly #rules: readonly { readonly rule: CompiledRule; readonly marks: Marks | undefined; next: number }[];

  constructor(rules: readonly CompiledRule[], reader: RowReader, found: ReadonlyMap<CompiledRule, Marks>) {
    this.#reader = reader;
    this.#rules = rules.map((rule) => ({ rule, marks: found.get(rule), next: 0 }));
  }

  reasonsOf(index: number, cells: Row): AnomalyRuleReason[] {
    const reasons: AnomalyRuleReason[] = [];
    const event = this.#reader.read(cells);
    for (const each of this.#rules) {
      const { rule, marks } = each;
      if (rule.kind === 'single') {
        if (rule.match(event) !== undefined && rule.groupOf(event) !== undefined) reasons.push(named(rule));
        continue;
      }
      if (marks === undefined) continue;
      while (each.next < marks.rows.length && (marks.rows[each.next] as number) < index) each.next += 1;
      const numbers = marks.rows[each.next] === index ? marks.numbers[marks.found[each.next] as number] : undefined;
      if (numbers !== undefined) {
        reasons.push({ ...named(rule), numbers: rounded(numbers), within_seconds: rule.withinMs / 1_000 });
      }
    }
    return reasons;
  }
}

function named({ id, title, level }: CompiledRule): AnomalyRuleReason {
  return { rule: id, title, severity: level };
}

function rounded(numbers: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, Number(value.toPrecision(6))]));
}
