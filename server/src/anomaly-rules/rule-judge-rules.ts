import { StateReader, StateWriter, stateInvalid } from '../detectors/index.ts';
import type { CompiledRule } from './compiled-rule-rules.ts';
import { type Fact, groupKeyOf } from './fact-rules.ts';
import { absenceOf, type Firing, firingOf, firingOfOne } from './firing-rules.ts';
import { type GroupState, newGroup, readGroup, writeGroup } from './group-state-rules.ts';
import { isSuppressed, isTooLate, judgeSustained, judgeWindow, noteFired } from './judge-window-rules.ts';
import { notePresence } from './presence-rules.ts';

export interface RuleLimits {
  readonly groups: number;
  readonly events: number;
  readonly eventsPerGroup: number;
}

/** What whoever runs the rules wants to count. */
export interface RuleEvents {
  /** An event counted no more, since its group has had much newer ones. */
  late(rule: CompiledRule): void;
  /** A group was forgotten early, or lost its oldest event, for want of room. */
  overloaded(rule: CompiledRule, what: 'group' | 'event'): void;
}

export interface RuleJudgeOptions {
  /** Of one id there may be several versions, each of which judges the facts that were made for it. */
  readonly rules: readonly CompiledRule[];
  readonly latenessMs: number;
  /** Of it, so much is sure: what is beyond gives way for want of room without a word. The whole where left out. */
  readonly sureLatenessMs?: number;
  readonly limits: RuleLimits;
  readonly events: RuleEvents;
}

interface RuleState {
  readonly rule: CompiledRule;
  /** The one that has gone longest without an event comes first. */
  readonly groups: Map<string, GroupState>;
  /** Of an absence: those that were told of. */
  readonly silent: Map<string, GroupState>;
  /** Of an absence: before this time none can be due. */
  dueMs: number;
}

const form = { kind: 1, layout: 2 };
const dayMs = 86_400_000;
/** What takes longer from the API into the log is rare. */
const absenceGraceMs = 5_000;
/** Between two looks at all groups, by the same clock. */
const lookEveryMs = 1_000;

/**
 * Judges facts by rules. What it finds depends on the facts and their order alone; time is that of the events, for forgetting
 * the newest time at which the API took one, and for absences the time up to which all are known to have come. Forgets groups that nothing came for so long that no event of
 * theirs counts any more, and of too many the one that has gone longest without an event.
 */
export class RuleJudge {
  #options: RuleJudgeOptions;
  #states = new Map<string, RuleState>();
  #absences: RuleState[] = [];
  #clockMs = Number.NEGATIVE_INFINITY;
  /** All that the API took before has been judged. */
  #shownMs = Number.NEGATIVE_INFINITY;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #sequence = 0;
  #groups = 0;
  #kept = 0;

  constructor(options: RuleJudgeOptions) {
    this.#options = options;
    this.use(options);
  }

  /** Goes on by other rules. Those whose state would be the same keep it. */
  use(options: RuleJudgeOptions): void {
    const before = this.#states;
    this.#options = options;
    this.#states = new Map();
    for (const rule of options.rules) {
      const { groups = new Map(), silent = new Map() } = before.get(versionOf(rule)) ?? {};
      this.#states.set(versionOf(rule), { rule, groups, silent, dueMs: Number.NEGATIVE_INFINITY });
    }
    this.#lookedMs = Number.NEGATIVE_INFINITY;
    this.#absences = [...this.#states.values()].filter(({ rule }) => rule.kind === 'absence');
    this.#count();
  }

  get groups(): number {
    return this.#groups;
  }

  /** Events that are kept. */
  get kept(): number {
    return this.#kept;
  }

  /** Whether the passing of time alone can meet a rule. */
  get hasAbsences(): boolean {
    return this.#absences.some(({ groups }) => groups.size > 0);
  }

  /**
   * Nothing that was taken before that time is still to come. @returns absences
   */
  advance(clockMs: number): readonly Firing[] {
    if (clockMs <= this.#shownMs) return none;
    this.#shownMs = clockMs;
    this.#clockMs = Math.max(this.#clockMs, clockMs);
    if (this.#absences.length === 0 || clockMs - this.#lookedMs < lookEveryMs) return none;
    const firings: Firing[] = [];
    for (const state of this.#absences) {
      if (clockMs <= state.dueMs) continue;
      this.#lookedMs = clockMs;
      this.#findAbsences(state, firings);
    }
    return firings;
  }

  judge(fact: Fact): Firing | undefined {
    this.#clockMs = Math.max(this.#clockMs, fact.receivedAtMs);
    const state = this.#states.get(`${fact.ruleId}@${fact.version}`);
    if (state === undefined) return undefined;
    const { rule } = state;
    if (rule.kind === 'single' && rule.cooldownMs === 0) return firingOfOne(rule, fact);
    const group = this.#touch(state, fact);
    const firing = this.#judgeIn(state, group, fact);
    this.#makeRoom();
    return firing;
  }

  snapshot(): Uint8Array {
    const writer = new StateWriter(form);
    writer.number(this.#clockMs);
    writer.number(this.#shownMs);
    writer.number(this.#sequence);
    writer.count(this.#states.size);
    for (const { rule, groups, silent } of this.#states.values()) {
      writer.text(rule.id);
      writer.text(rule.fingerprint);
      for (const map of [groups, silent]) {
        writer.count(map.size);
        for (const group of map.values()) writeGroup(writer, group);
      }
    }
    return writer.bytes();
  }

  /** What is of rules that are no more, or others now, is left out. @throws {IntegrityError} `record-tampered` */
  static restore(bytes: Uint8Array, options: RuleJudgeOptions): RuleJudge {
    const judge = new RuleJudge(options);
    const reader = new StateReader(bytes, form);
    judge.#clockMs = reader.number();
    judge.#shownMs = reader.number();
    judge.#sequence = reader.number();
    for (let left = reader.count(); left > 0; left -= 1) {
      const [id, fingerprint] = [reader.text(), reader.text()];
      const state = judge.#states.get(`${id}@${fingerprint}`);
      for (const map of [state?.groups, state?.silent]) {
        for (let groups = reader.count(); groups > 0; groups -= 1) {
          const group = readGroup(reader, state?.rule);
          const key = groupKeyOf(group.clientId, group.group);
          if (map?.has(key)) throw stateInvalid();
          map?.set(key, group);
        }
      }
    }
    reader.assertEnd();
    judge.#count();
    return judge;
  }

  #judgeIn(state: RuleState, group: GroupState, fact: Fact): Firing | undefined {
    const { latenessMs, sureLatenessMs = latenessMs, limits, events } = this.#options;
    const { rule } = state;
    if (rule.kind === 'absence') {
      // What was before it is judged: it can't have been silent any more.
      if (fact.receivedAtMs + rule.withinMs + absenceGraceMs < this.#shownMs) {
        events.late(rule);
        state.dueMs = Number.NEGATIVE_INFINITY;
        return undefined;
      }
      // Cooldowns of absences go by that clock as well.
      group.newestMs = Math.max(group.newestMs, fact.receivedAtMs);
      const overMs = rule.withinMs + absenceGraceMs;
      state.dueMs = Math.min(state.dueMs, notePresence(group, fact, overMs) + overMs);
      return undefined;
    }
    if (rule.kind === 'single') {
      group.newestMs = Math.max(group.newestMs, fact.timeMs);
      if (isSuppressed(rule, group, fact.timeMs)) return undefined;
      noteFired(rule, group, fact.timeMs, latenessMs);
      return firingOfOne(rule, fact);
    }
    if (isTooLate(group, fact.timeMs, latenessMs)) {
      events.late(rule);
      return undefined;
    }
    const [sizeBefore, cutBefore] = [group.window.size, group.cutMs];
    const judgeBy = rule.kind === 'window' ? judgeWindow : judgeSustained;
    const decision = judgeBy(rule, group, fact, { latenessMs, eventsPerGroup: limits.eventsPerGroup });
    this.#kept += group.window.size - sizeBefore;
    const sureMs = group.newestMs - sureLatenessMs - rule.withinMs;
    if (group.cutMs !== cutBefore && group.cutMs > sureMs) events.overloaded(rule, 'event');
    if (decision === undefined) return undefined;
    noteFired(rule, group, decision.endMs, latenessMs);
    return firingOf(rule, group, fact, decision);
  }

  /** The group's state, made where there is none that counts, and last in line to be forgotten. */
  #touch(state: RuleState, { clientId, group }: Fact): GroupState {
    const key = groupKeyOf(clientId, group);
    this.#forgetExpired(state);
    let known = state.groups.get(key);
    if (known !== undefined) {
      state.groups.delete(key);
    } else {
      known = state.silent.get(key);
      if (known === undefined) {
        known = newGroup(state.rule, clientId, group);
        this.#groups += 1;
      } else state.silent.delete(key);
    }
    known.clockMs = this.#clockMs;
    this.#sequence += 1;
    known.touched = this.#sequence;
    state.groups.set(key, known);
    return known;
  }

  #findAbsences(state: RuleState, firings: Firing[]): void {
    const { rule, groups, silent } = state;
    const overMs = rule.withinMs + absenceGraceMs;
    state.dueMs = Number.POSITIVE_INFINITY;
    for (const [key, group] of groups) {
      for (let first = group.presences[0]; first !== undefined; first = group.presences[0]) {
        if (this.#shownMs - first.untilMs <= overMs) {
          state.dueMs = Math.min(state.dueMs, first.untilMs + overMs);
          break;
        }
        group.presences.shift();
        if (isSuppressed(rule, group, first.untilMs)) continue;
        noteFired(rule, group, first.untilMs, this.#options.latenessMs);
        firings.push(absenceOf(rule, group, first));
      }
      if (group.presences.length > 0) continue;
      groups.delete(key);
      silent.set(key, group);
    }
  }

  #forgetExpired({ rule, groups, silent }: RuleState): void {
    const keptMs = rule.withinMs + rule.cooldownMs + this.#options.latenessMs;
    // Those of an absence are told of before they are forgotten.
    if (rule.kind !== 'absence') this.#forgetUntil(groups, this.#clockMs - keptMs);
    this.#forgetUntil(silent, this.#clockMs - keptMs - dayMs);
  }

  #forgetUntil(groups: Map<string, GroupState>, oldestMs: number): void {
    for (const [key, group] of groups) {
      if (group.clockMs >= oldestMs) return;
      this.#forget(groups, key, group);
    }
  }

  #forget(groups: Map<string, GroupState>, key: string, group: GroupState): void {
    groups.delete(key);
    this.#groups -= 1;
    this.#kept -= group.window.size;
  }

  #makeRoom(): void {
    const { limits } = this.#options;
    const isFull = () => this.#groups > limits.groups || this.#kept > limits.events;
    if (!isFull()) return;
    // Who counts no more goes first, so that it doesn't matter when it was last looked for them.
    for (const state of this.#states.values()) this.#forgetExpired(state);
    while (isFull() && this.#groups > 1) this.#forgetOldest();
  }

  #forgetOldest(): void {
    let oldest: { state: RuleState; groups: Map<string, GroupState>; key: string; group: GroupState } | undefined;
    for (const state of this.#states.values()) {
      for (const groups of [state.silent, state.groups]) {
        const [first] = groups;
        if (first === undefined) continue;
        const [key, group] = first;
        if (oldest === undefined || group.touched < oldest.group.touched) oldest = { state, groups, key, group };
      }
    }
    if (oldest === undefined) return;
    this.#forget(oldest.groups, oldest.key, oldest.group);
    this.#options.events.overloaded(oldest.state.rule, 'group');
  }

  #count(): void {
    this.#groups = 0;
    this.#kept = 0;
    for (const { groups, silent } of this.#states.values()) {
      this.#groups += groups.size + silent.size;
      for (const group of groups.values()) this.#kept += group.window.size;
    }
  }
}

const none: readonly Firing[] = [];

function versionOf({ id, fingerprint }: CompiledRule): string {
  return `${id}@${fingerprint}`;
}
