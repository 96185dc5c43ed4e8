import type { StageBus, TopicLag } from '@sdp/shared/messaging';
import type { Logger } from '../../observability/index.ts';

/** Partitions of a stage, as far as time matters to them. */
export interface Clocked {
  readonly topic: string;
  readonly group: string;
  /** Groups whose messages have to be through as well, with their topics: what they send may still be on its way. */
  readonly behind: readonly { readonly topic: string; readonly group: string }[];
  waitingForTime(): readonly number[];
  /** @param clockMs all that the API took before stands before `readTo`, as far as it is in the partition */
  advance(partition: number, clockMs: number, readTo: bigint): Promise<void>;
}

export interface AbsenceClockOptions {
  readonly bus: Pick<StageBus, 'lag'>;
  readonly stages: readonly Clocked[];
  readonly logger: Pick<Logger, 'warn'>;
  /** Between two looks; 2 s where left out. */
  readonly everyMs?: number;
}

/** A time, and how far everybody has to be for all that the API took before it to be judged. */
interface Waypoint {
  readonly clockMs: number;
  /** Ends of the topics behind at that time, by their place and partition. */
  readonly behind: readonly (readonly bigint[])[];
  /** Ends of the stage's own topic when those behind had come so far. */
  own?: readonly bigint[];
}

/** What the API took so long ago stands in the log, and its clock and ours agree as far. */
const marginMs = 5_000;
/** Kept of a stage; of more, every other one goes. */
const mostWaypoints = 64;

/**
 * Lets time pass for partitions as far as they have been worked off, however far behind the clock that is: an absence would
 * otherwise be noticed with the next event, or be told of where events are only late. What is found does not depend on when this
 * runs.
 */
export class AbsenceClock {
  readonly #options: AbsenceClockOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #waypoints = new Map<Clocked, Waypoint[]>();
  #ticking: Promise<void> | undefined;

  constructor(options: AbsenceClockOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.tick(), options.everyMs ?? 2_000).unref();
  }

  tick(): Promise<void> {
    this.#ticking ??= this.#tick()
      .catch(() => this.#options.logger.warn({}, 'absences could not be looked for, it will be tried again'))
      .finally(() => {
        this.#ticking = undefined;
      });
    return this.#ticking;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#ticking;
  }

  async #tick(): Promise<void> {
    for (const stage of this.#options.stages) await this.#look(stage);
  }

  async #look(stage: Clocked): Promise<void> {
    const { bus } = this.#options;
    const waiting = stage.waitingForTime();
    if (waiting.length === 0) return void this.#waypoints.delete(stage);
    // Before the look: what comes in after it is newer.
    const clockMs = Date.now() - marginMs;
    const behind = await Promise.all(stage.behind.map(({ topic, group }) => bus.lag(topic, group)));
    // After the others: what they have settled, they have sent.
    const own = await bus.lag(stage.topic, stage.group);
    const waypoints = [...(this.#waypoints.get(stage) ?? []), { clockMs, behind: behind.map(endsOf) } as Waypoint];
    for (const waypoint of waypoints) {
      const arePast = waypoint.behind.every((ends, place) => isPast(behind[place] ?? [], ends));
      if (waypoint.own === undefined && arePast) waypoint.own = endsOf(own);
    }
    let first = waypoints.length - 1;
    for (const partition of waiting) {
      const last = waypoints.findLastIndex((waypoint) => waypoint.own && isPast(own, waypoint.own, partition));
      const passed = waypoints[last];
      await stage.advance(partition, passed?.clockMs ?? Number.NEGATIVE_INFINITY, passed?.own?.[partition] ?? 0n);
      first = Math.min(first, last);
    }
    // Those before the last that all have passed tell nothing more.
    const left = waypoints.slice(Math.max(0, first));
    this.#waypoints.set(stage, left.length > mostWaypoints ? left.filter((_, place) => place % 2 === 0) : left);
  }
}

/** By partition. */
function endsOf(lags: readonly TopicLag[]): bigint[] {
  const ends: bigint[] = [];
  for (const { partition, end } of lags) ends[partition] = end;
  return ends;
}

/** Whether a group has settled all before these ends, in one partition or in all. */
function isPast(lags: readonly TopicLag[], ends: readonly bigint[], only?: number): boolean {
  const asked = only === undefined ? lags : lags.filter(({ partition }) => partition === only);
  return asked.every(({ partition, end, lag }) => end - lag >= (ends[partition] ?? 0n));
}
