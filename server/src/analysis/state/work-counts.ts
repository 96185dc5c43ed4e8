import type { CompiledRule, RuleEvents } from '../../anomaly-rules/index.ts';

/** What was done with one message, for metrics. */
export interface WorkCounts {
  readonly events: number;
  readonly repeats: number;
  /** Events whose clock was ahead. */
  readonly skewed: number;
  /** Facts that were handed on. */
  readonly facts: number;
  /** Known events that had to be forgotten early. */
  readonly forgotten: number;
  /** By rule: events that came too late to count. */
  readonly late: ReadonlyMap<string, number>;
  /** Groups, and events of groups, that had to be forgotten early. */
  readonly groups: number;
  readonly cutEvents: number;
  /** Detectors that gave up. */
  readonly failed: readonly string[];
}

/** Collects what rules tell while they look at one message. */
export class RuleCounts implements RuleEvents {
  #late = new Map<string, number>();
  #groups = 0;
  #cutEvents = 0;

  late({ id }: CompiledRule): void {
    this.#late.set(id, (this.#late.get(id) ?? 0) + 1);
  }

  /** An event that waited to be judged was forgotten. */
  gaveWay(): void {
    this.#cutEvents += 1;
  }

  overloaded(_rule: CompiledRule, what: 'group' | 'event'): void {
    if (what === 'group') this.#groups += 1;
    else this.#cutEvents += 1;
  }

  /** What came together since the last time. */
  drain(): Pick<WorkCounts, 'late' | 'groups' | 'cutEvents'> {
    const drained = { late: this.#late, groups: this.#groups, cutEvents: this.#cutEvents };
    if (this.#late.size > 0) this.#late = new Map();
    this.#groups = 0;
    this.#cutEvents = 0;
    return drained;
  }
}
