import {
  type EventPlace,
  type Finding,
  nameHash,
  type StateReader,
  type StateWriter,
  type StreamEvent,
} from '../../detectors/index.ts';
import { AlertPace } from './alert-pace.ts';
import type { EventFeatures } from './event-features.ts';
import { forestFinding } from './forest-finding.ts';
import type { ForestSettings } from './forest-settings.ts';
import { type Pane, readPane, readPaneNumbers, TrainingWindow, writePane } from './training-window.ts';
import { GrowingForest, type WindowForest } from './window-forest.ts';

/** Events between two steps of a forest that grows. */
const eventsPerStep = 4;
/** Rows that are scored at once. */
const mostPending = 256;
/** Users or hosts that were found lately. */
const mostQuiet = 4_096;
/** A forest that stands or grows has panes of its own besides those of the window. */
const mostKeptPanes = 24;

/** What was found, and at which event. */
export interface Found {
  readonly finding: Finding;
  readonly place: EventPlace;
}

/** A forest that can be grown again: from its number, its panes, and for one that grows the events since it began. */
interface Sown {
  readonly number: number;
  readonly panes: readonly Pane[];
  readonly events: number;
}

interface Asleep {
  readonly standing: Sown | undefined;
  readonly growing: Sown | undefined;
}

interface Growth {
  readonly forest: GrowingForest;
  events: number;
}

/**
 * Events that are alike: their window, the forest that judges them, and the one that will. An event is judged by the forest that
 * stood when it came; a new one takes over at an event that the order alone decides.
 */
export class ForestGroup {
  readonly #features: EventFeatures;
  readonly #settings: ForestSettings;
  readonly #window: TrainingWindow;
  readonly #pace: AlertPace;
  #standing: WindowForest | undefined;
  #growth: Growth | undefined;
  readonly #rows: Float32Array;
  #pending: StreamEvent[] = [];
  /** By user or host: until when it is left alone. The one found longest ago first. */
  readonly #quietUntil = new Map<number, number>();
  /** Forests of a snapshot: growing takes some 10 ms, and only groups that get events pay. */
  #asleep: Asleep | undefined;

  constructor(features: EventFeatures, settings: ForestSettings) {
    this.#features = features;
    this.#settings = settings;
    this.#pace = new AlertPace(settings);
    const width = features.features.length;
    this.#rows = new Float32Array(mostPending * width);
    this.#window = new TrainingWindow(
      width,
      {
        learnEvents: settings.learn_events,
        retrainEvents: settings.retrain_events,
        retrainMinutes: settings.retrain_minutes,
      },
      settings.seed,
    );
  }

  /** @param found takes what is found, now or later */
  take(event: StreamEvent, found: Found[]): void {
    if (this.#asleep) this.#wake(this.#asleep);
    const from = this.#pending.length * this.#features.features.length;
    this.#features.take(event, this.#rows, from);
    this.#pending.push(event);
    this.#pace.see(event);
    const hasPaneEnded = this.#window.add(this.#rows, from, event.receivedAtMs);
    if (this.#growth) this.#grow(this.#growth, found);
    if (hasPaneEnded && !this.#growth)
      this.#growth = this.#newGrowth((this.#standing?.number ?? 0) + 1, this.#window.closed);
    if (this.#pending.length === mostPending) this.judge(found);
  }

  /** Judges the events that wait for it. */
  judge(found: Found[]): void {
    const events = this.#pending;
    this.#pending = [];
    const standing = this.#standing;
    if (!standing || events.length === 0) return;
    const width = standing.medians.length;
    const values = this.#rows.subarray(0, events.length * width);
    for (let cell = 0; cell < values.length; cell += 1) {
      if (Number.isNaN(values[cell])) values[cell] = standing.medians[cell % width] as number;
    }
    const scores = standing.forest.score({ values, rows: events.length, width });
    for (const [row, event] of events.entries()) {
      const score = scores[row] as number;
      const own = values.subarray(row * width, (row + 1) * width);
      if ((score <= standing.threshold && !isOutside(own, standing.bounds)) || this.#isQuiet(event)) continue;
      const finding = forestFinding(event, {
        score,
        row: own,
        standing,
        features: this.#features.features,
        told: this.#pace.tell(event),
      });
      found.push({ finding, place: event.place });
    }
  }

  /** Only when no event waits to be judged. */
  write(writer: StateWriter): void {
    const { standing, growing } = this.#asleep ?? this.#sown();
    const panes = new Map<number, Pane>();
    for (const pane of [...this.#window.closed, ...(standing?.panes ?? []), ...(growing?.panes ?? [])]) {
      panes.set(pane.number, pane);
    }
    const width = this.#features.features.length;
    writer.count(panes.size);
    for (const pane of [...panes.values()].sort((a, b) => a.number - b.number)) writePane(writer, pane, width);
    this.#window.write(writer);
    this.#features.write(writer);
    this.#pace.write(writer);
    writeForest(writer, standing);
    writeForest(writer, growing);
    writer.count(this.#quietUntil.size);
    for (const [hash, untilMs] of this.#quietUntil) {
      writer.number(hash);
      writer.number(untilMs);
    }
  }

  /** @throws {IntegrityError} `record-tampered` */
  read(reader: StateReader): void {
    const width = this.#features.features.length;
    const panes = new Map<number, Pane>();
    for (let left = reader.count(mostKeptPanes); left > 0; left -= 1) {
      const pane = readPane(reader, width);
      panes.set(pane.number, pane);
    }
    this.#window.read(reader, panes);
    this.#features.read(reader);
    this.#pace.read(reader);
    this.#asleep = { standing: readForest(reader, panes), growing: readForest(reader, panes) };
    for (let left = reader.count(mostQuiet); left > 0; left -= 1) {
      this.#quietUntil.set(reader.number(), reader.number());
    }
  }

  #sown(): Asleep {
    const growth = this.#growth;
    return {
      standing: this.#standing && { number: this.#standing.number, panes: this.#standing.panes, events: 0 },
      growing: growth && { number: growth.forest.number, panes: growth.forest.panes, events: growth.events },
    };
  }

  #wake({ standing, growing }: Asleep): void {
    this.#asleep = undefined;
    if (standing) this.#standing = grown(this.#newGrowth(standing.number, standing.panes).forest);
    if (!growing) return;
    const growth = this.#newGrowth(growing.number, growing.panes);
    growth.events = growing.events;
    for (let step = Math.floor(growing.events / eventsPerStep); step > 0; step -= 1) growth.forest.step();
    this.#growth = growth;
  }

  #newGrowth(number: number, panes: readonly Pane[]): Growth {
    const { false_alarm_rate, min_score, seed } = this.#settings;
    const settings = { falseAlarmRate: false_alarm_rate, minScore: min_score, seed };
    return { forest: new GrowingForest(number, panes, this.#features.features, settings), events: 0 };
  }

  #grow(growth: Growth, found: Found[]): void {
    growth.events += 1;
    if (growth.events % eventsPerStep !== 0) return;
    const ready = growth.forest.step();
    if (!ready) return;
    this.judge(found);
    this.#standing = ready;
    this.#growth = undefined;
  }

  #isQuiet(event: StreamEvent): boolean {
    const subject = 1 + nameHash(event.userId ?? event.host ?? event.source ?? '');
    const untilMs = this.#quietUntil.get(subject);
    if (untilMs !== undefined && event.receivedAtMs < untilMs) return true;
    this.#quietUntil.delete(subject);
    this.#quietUntil.set(subject, event.receivedAtMs + this.#settings.quiet_minutes * 60_000);
    for (const oldest of this.#quietUntil.keys()) {
      if (this.#quietUntil.size <= mostQuiet) break;
      this.#quietUntil.delete(oldest);
    }
    return false;
  }
}

function isOutside(row: Float32Array, bounds: WindowForest['bounds']): boolean {
  for (let at = 0; at < row.length; at += 1) {
    const [lowest, highest] = bounds[at] as readonly [number, number];
    const value = row[at] as number;
    if (value < lowest || value > highest) return true;
  }
  return false;
}

function grown(forest: GrowingForest): WindowForest {
  for (;;) {
    const ready = forest.step();
    if (ready) return ready;
  }
}

function writeForest(writer: StateWriter, sown: Sown | undefined): void {
  writer.count(sown?.number ?? 0);
  writer.count(sown?.panes.length ?? 0);
  for (const { number } of sown?.panes ?? []) writer.count(number);
  writer.count(sown?.events ?? 0);
}

function readForest(reader: StateReader, panes: ReadonlyMap<number, Pane>): Sown | undefined {
  const number = reader.count();
  const own = readPaneNumbers(reader, panes);
  const events = reader.count();
  return number === 0 ? undefined : { number, panes: own, events };
}
