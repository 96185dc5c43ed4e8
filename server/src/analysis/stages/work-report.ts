import type { Logger } from '../../observability/index.ts';
import type { AnalysisMetrics, AnalysisStage, Overload } from '../analysis-metrics.ts';
import type { WorkCounts } from '../state/work-counts.ts';

/** Between two log lines of the same kind. */
const tellEveryMs = 60_000;

/** Puts what was done into metrics, and tells of what gave way without a line for each. */
export class WorkReport {
  readonly #stage: AnalysisStage;
  readonly #metrics: AnalysisMetrics;
  readonly #logger: Pick<Logger, 'warn' | 'error'>;
  readonly #untold = new Map<string, { count: number; toldAt: number }>();

  constructor(stage: AnalysisStage, metrics: AnalysisMetrics, logger: Pick<Logger, 'warn' | 'error'>) {
    this.#stage = stage;
    this.#metrics = metrics;
    this.#logger = logger;
  }

  add(counts: WorkCounts): void {
    const { events, repeats, skewed, facts, late, failed } = counts;
    const metrics = this.#metrics;
    metrics.events(this.#stage, events, repeats);
    if (skewed > 0) metrics.skewed(this.#stage, skewed);
    if (facts > 0) metrics.facts(facts);
    for (const [rule, count] of late) metrics.late(rule, count);
    this.#overloaded('group', counts.groups);
    this.#overloaded('event', counts.cutEvents);
    this.#overloaded('seen', counts.forgotten);
    for (const detector of failed) {
      metrics.detectorFailed(detector);
      this.#seldom(`detector ${detector}`, 1, (count) =>
        this.#logger.error({ stage: this.#stage, detector, count }, 'a detector gave up on events'),
      );
    }
  }

  #overloaded(what: Overload, count: number): void {
    if (count === 0) return;
    this.#metrics.overloaded(this.#stage, what, count);
    this.#seldom(what, count, (all) =>
      this.#logger.warn(
        { stage: this.#stage, what, count: all },
        'more is to be remembered than there is room for: the oldest is forgotten early',
      ),
    );
  }

  #seldom(what: string, count: number, tell: (count: number) => void): void {
    const entry = this.#untold.get(what) ?? { count: 0, toldAt: Number.NEGATIVE_INFINITY };
    this.#untold.set(what, entry);
    entry.count += count;
    if (performance.now() - entry.toldAt < tellEveryMs) return;
    tell(entry.count);
    entry.count = 0;
    entry.toldAt = performance.now();
  }
}
