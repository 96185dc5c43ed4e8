import type { CompiledRule } from '../../../anomaly-rules/index.ts';
import type { StreamEvent } from '../../../detectors/index.ts';

/** What one rule has to know of the rows that concern it, in the order of the batch. */
export class RowFacts {
  readonly rule: CompiledRule;
  readonly times: Float64Array;
  /** Indices of the rows, ascending. */
  readonly rows: Uint32Array;
  readonly bits: Uint16Array;
  readonly values: Float64Array;
  readonly groups: Uint32Array;
  size = 0;
  readonly #groupNumbers = new Map<string, number>();

  /** @param records of the batch: memory is touched only as rows come */
  constructor(rule: CompiledRule, records: number) {
    this.rule = rule;
    this.times = new Float64Array(records);
    this.rows = new Uint32Array(records);
    this.bits = new Uint16Array(records);
    this.values = new Float64Array(rule.form === 'distinct' ? records : 0);
    this.groups = new Uint32Array(records);
  }

  /** A row without a field of `group_by` belongs to no group and doesn't count. */
  add(row: number, timeMs: number, event: StreamEvent): void {
    const match = this.rule.match(event);
    const group = match && this.rule.groupOf(event);
    if (match === undefined || group === undefined) return;
    const at = this.size;
    this.size += 1;
    this.rows[at] = row;
    this.times[at] = timeMs;
    this.bits[at] = match.bits;
    if (this.values.length > 0) this.values[at] = match.value;
    this.groups[at] = this.#numberOf(group);
  }

  /** Places by group, in each by time, of one time those first that meet less: so the order of the batch is of no account. */
  inOrder(): Uint32Array {
    const { groups, times, bits } = this;
    const at = (list: { readonly [index: number]: number }, place: number) => list[place] as number;
    return Uint32Array.from({ length: this.size }, (_, place) => place).sort(
      (a, b) => at(groups, a) - at(groups, b) || at(times, a) - at(times, b) || at(bits, a) - at(bits, b),
    );
  }

  #numberOf(group: readonly string[]): number {
    const key = group.length === 1 ? (group[0] as string) : JSON.stringify(group);
    let number = this.#groupNumbers.get(key);
    if (number === undefined) {
      number = this.#groupNumbers.size;
      this.#groupNumbers.set(key, number);
    }
    return number;
  }
}
