import type { FindingLevel, StateReader, StateWriter, StreamEvent } from '../../detectors/index.ts';
import { timeOf } from './event-features.ts';
import type { ForestSettings } from './forest-settings.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** How a finding is told, and what was only noted before it. */
export interface Told {
  readonly level: FindingLevel;
  /** Too little has been seen yet of what is usual. */
  readonly isLearning: boolean;
  /** Findings that were noted as `INFO` since the last one that alerted. */
  readonly notTold: number;
}

/**
 * Keeps a group's findings from becoming more alerts than people read: `INFO`, which alerts nobody, are those of a group that is
 * new, and those beyond so many in an hour.
 */
export class AlertPace {
  readonly #settings: ForestSettings;
  /** Time of the group's first event. */
  #sinceMs = Number.NaN;
  #hour = 0;
  #told = 0;
  #notTold = 0;

  constructor(settings: ForestSettings) {
    this.#settings = settings;
  }

  /** With each event of the group. */
  see(event: StreamEvent): void {
    if (Number.isNaN(this.#sinceMs)) this.#sinceMs = timeOf(event);
  }

  tell(event: StreamEvent): Told {
    const { learn_minutes, alerts_per_hour, level } = this.#settings;
    const isLearning = timeOf(event) - this.#sinceMs < learn_minutes * minuteMs;
    const hour = Math.floor(event.receivedAtMs / hourMs);
    if (hour !== this.#hour) [this.#hour, this.#told] = [hour, 0];
    if (level === 'INFO' || isLearning || this.#told >= alerts_per_hour) {
      this.#notTold += 1;
      return { level: 'INFO', isLearning, notTold: this.#notTold };
    }
    const notTold = this.#notTold;
    this.#told += 1;
    this.#notTold = 0;
    return { level, isLearning, notTold };
  }

  write(writer: StateWriter): void {
    for (const value of [this.#sinceMs, this.#hour, this.#told, this.#notTold]) writer.number(value);
  }

  read(reader: StateReader): void {
    [this.#sinceMs, this.#hour, this.#told, this.#notTold] = [
      reader.number(),
      reader.number(),
      reader.number(),
      reader.number(),
    ];
  }
}
