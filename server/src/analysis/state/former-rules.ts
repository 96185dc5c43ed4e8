import type { CompiledRule } from '../../anomaly-rules/index.ts';

/** A rule that was changed judges what was made for it for so long after a fact of it came last, or since the change. */
const keptMs = 120_000;
/** Changes beyond so many rules make the oldest give way. */
const mostRules = 1_000;

interface Former {
  readonly rule: CompiledRule;
  usedAt: number;
}

/**
 * Rules that were in force and are so no more. Other workers, and the log, have facts for them still: by this machine's clock, as it
 * is about how long a change takes to be known everywhere.
 */
export class FormerRules {
  readonly #former = new Map<string, Former>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get rules(): readonly CompiledRule[] {
    return [...this.#former.values()].map(({ rule }) => rule);
  }

  /** What is in force `after` is no former one. */
  add(before: readonly CompiledRule[], after: readonly CompiledRule[]): void {
    for (const rule of before) this.#former.set(versionOf(rule), { rule, usedAt: this.#now() });
    for (const rule of after) this.#former.delete(versionOf(rule));
    for (const key of this.#former.keys()) {
      if (this.#former.size <= mostRules) break;
      this.#former.delete(key);
    }
  }

  /** Asked for a fact of `id@fingerprint`: keeps the rule for longer. */
  has(version: string): boolean {
    const former = this.#former.get(version);
    if (former !== undefined) former.usedAt = this.#now();
    return former !== undefined;
  }

  /** @returns whether any was too old */
  forget(): boolean {
    const { size } = this.#former;
    for (const [key, { usedAt }] of this.#former) if (this.#now() - usedAt > keptMs) this.#former.delete(key);
    return this.#former.size < size;
  }
}

function versionOf({ id, fingerprint }: CompiledRule): string {
  return `${id}@${fingerprint}`;
}
