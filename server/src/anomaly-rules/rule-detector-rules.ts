import type { Finding, StreamEvent } from '../detectors/index.ts';
import type { CompiledRule } from './compiled-rule-rules.ts';
import { type Fact, factOf } from './fact-rules.ts';
import { findingOf, type JudgedPlace } from './firing-finding-rules.ts';
import { type RuleEvents, RuleJudge, type RuleJudgeOptions } from './rule-judge-rules.ts';
import type { RuleSet } from './rule-set-rules.ts';

/** What rules make of events. */
export interface Observed {
  readonly findings: readonly Finding[];
  /** Of rules whose groups stand in several partitions: to be judged elsewhere. */
  readonly facts: readonly Fact[];
}

/** Watches the events of one partition by all rules, and judges those itself whose groups stand there as a whole. */
export class RuleDetector {
  readonly #place: JudgedPlace;
  readonly #events: RuleEvents;
  #rules: RuleSet;
  #judge: RuleJudge;

  constructor(rules: RuleSet, place: JudgedPlace, events: RuleEvents, snapshot?: Uint8Array) {
    this.#rules = rules;
    this.#place = place;
    this.#events = events;
    const options = judgeOptions(rules, rules.local, events);
    this.#judge = snapshot === undefined ? new RuleJudge(options) : RuleJudge.restore(snapshot, options);
  }

  get groups(): number {
    return this.#judge.groups;
  }

  get kept(): number {
    return this.#judge.kept;
  }

  get hasAbsences(): boolean {
    return this.#judge.hasAbsences;
  }

  use(rules: RuleSet): void {
    if (rules === this.#rules) return;
    this.#rules = rules;
    this.#judge.use(judgeOptions(rules, rules.local, this.#events));
  }

  observe(events: readonly StreamEvent[]): Observed {
    const findings: Finding[] = [];
    const facts: Fact[] = [];
    const { clockSkewMs, byType } = this.#rules;
    for (const event of events) {
      for (const firing of this.#judge.advance(event.receivedAtMs)) findings.push(findingOf(firing, this.#place));
      for (const rule of byType[event.type]) {
        const fact = factOf(rule, event, clockSkewMs);
        if (fact === undefined) continue;
        if (!rule.isLocal) {
          facts.push(fact);
          continue;
        }
        const firing = this.#judge.judge(fact);
        if (firing !== undefined) findings.push(findingOf(firing, this.#place));
      }
    }
    return { findings, facts };
  }

  /** All that the API took before that time was shown. */
  advance(clockMs: number): readonly Finding[] {
    return this.#judge.advance(clockMs).map((firing) => findingOf(firing, this.#place));
  }

  snapshot(): Uint8Array {
    return this.#judge.snapshot();
  }
}

export function judgeOptions(
  { latenessMs, limits }: RuleSet,
  rules: readonly CompiledRule[],
  events: RuleEvents,
): RuleJudgeOptions {
  return { rules, latenessMs, limits, events };
}
