import { type Decision, decisions } from '@sdp/shared/contracts';
import { latencyBoundsMs, latencyBucket, scoreBucket, scoreBuckets } from './histograms.ts';

/** `stand-in`: the model that decided where another one gave no valid score. */
export const usageArms = ['champion', 'challenger', 'shadow', 'stand-in'] as const;
export type UsageArm = (typeof usageArms)[number];

/** What a model did, in numbers that add up. */
export interface Usage {
  attempted: number;
  failed: number;
  calls: number;
  failedCalls: number;
  dropped: number;
  /** APPROVE, REVIEW, DECLINE. */
  readonly decisions: number[];
  readonly scores: number[];
  /** Durations of calls. */
  readonly latencies: number[];
}

export interface UsageKey {
  readonly generation: number;
  readonly arm: UsageArm;
  readonly version: string;
}

export interface Call {
  readonly ms: number;
  readonly attempted: number;
  /** Valid ones. */
  readonly scored: readonly { readonly score: number; readonly decision: Decision }[];
}

export function noUsage(): Usage {
  return {
    attempted: 0,
    failed: 0,
    calls: 0,
    failedCalls: 0,
    dropped: 0,
    decisions: decisions.map(() => 0),
    scores: Array.from({ length: scoreBuckets }, () => 0),
    latencies: Array.from({ length: latencyBoundsMs.length + 1 }, () => 0),
  };
}

const positions = new Map(decisions.map((decision, i) => [decision, i]));

/** Counts in memory what is stored every now and then. */
export class UsageRecorder {
  #usage = new Map<string, { readonly key: UsageKey; readonly usage: Usage }>();

  called(key: UsageKey, { ms, attempted, scored }: Call): void {
    const usage = this.#of(key);
    usage.attempted += attempted;
    usage.failed += attempted - scored.length;
    usage.calls += 1;
    if (scored.length < attempted) usage.failedCalls += 1;
    add(usage.latencies, latencyBucket(ms));
    for (const { score, decision } of scored) {
      add(usage.scores, scoreBucket(score));
      add(usage.decisions, positions.get(decision) ?? 0);
    }
  }

  dropped(key: UsageKey, count: number): void {
    this.#of(key).dropped += count;
  }

  /** What was counted since the last call. */
  take(): readonly { readonly key: UsageKey; readonly usage: Usage }[] {
    const taken = [...this.#usage.values()];
    this.#usage = new Map();
    return taken;
  }

  /** Back in, where it could not be stored. */
  putBack(taken: readonly { readonly key: UsageKey; readonly usage: Usage }[]): void {
    for (const { key, usage } of taken) addUsage(this.#of(key), usage);
  }

  #of(key: UsageKey): Usage {
    const name = `${key.generation} ${key.arm} ${key.version}`;
    let entry = this.#usage.get(name);
    if (entry === undefined) {
      entry = { key, usage: noUsage() };
      this.#usage.set(name, entry);
    }
    return entry.usage;
  }
}

/** Adds `other` to `sum`, in place. */
export function addUsage(sum: Usage, other: Usage): void {
  for (const name of ['attempted', 'failed', 'calls', 'failedCalls', 'dropped'] as const) sum[name] += other[name];
  for (const name of ['decisions', 'scores', 'latencies'] as const) {
    for (const [i, count] of other[name].entries()) sum[name][i] = (sum[name][i] ?? 0) + count;
  }
}

function add(counts: number[], at: number): void {
  counts[at] = (counts[at] ?? 0) + 1;
}
