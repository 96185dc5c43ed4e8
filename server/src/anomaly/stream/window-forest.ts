import {
  averagePathLength,
  drawSample,
  forestOf,
  growTree,
  type IsolationForest,
  type IsolationTree,
  type Matrix,
  sampleSize,
  splitSeed,
  treeSeeds,
} from '../forest/index.ts';
import type { EventFeature } from './event-features.ts';
import { tailThreshold } from './tail-threshold.ts';
import type { Pane } from './training-window.ts';

/** Rows whose training scores one step works out. */
const rowsPerStep = 256;
/** How far out is out: so many times as far from the median as all but the share `commonest` of the training rows. */
const reach = 3;
const commonest = 0.002;
/** A window that spans less says nothing of the times of day that it doesn't hold. */
const wholeDayMs = 20 * 3_600_000;

/** A forest over a window of events, with what its scores and reasons are measured by. */
export interface WindowForest {
  /** Counts up with each forest of a group. */
  readonly number: number;
  readonly panes: readonly Pane[];
  readonly forest: IsolationForest;
  /** Per feature, stands in for what an event doesn't have. */
  readonly medians: Float32Array;
  /** Per feature, of the training rows, ascending. */
  readonly sorted: readonly Float32Array[];
  /** Of the training rows, ascending. */
  readonly scores: Float64Array;
  /** Scores above it are found. */
  readonly threshold: number;
  /** Per feature: what lies below the first or above the second is found, whatever its score. */
  readonly bounds: readonly (readonly [lowest: number, highest: number])[];
}

export interface GrowthSettings {
  readonly falseAlarmRate: number;
  readonly minScore: number;
  readonly seed: number;
}

/**
 * Grows a forest in small steps, some tenths of a millisecond each, so that events go on meanwhile. The panes and the
 * settings alone decide what grows.
 */
export class GrowingForest {
  readonly number: number;
  readonly panes: readonly Pane[];
  readonly #features: readonly EventFeature[];
  readonly #settings: GrowthSettings;
  readonly #matrix: Matrix;
  readonly #isWholeDay: boolean;
  readonly #seeds: readonly number[];
  readonly #sorted: Float32Array[] = [];
  readonly #trees: IsolationTree[] = [];
  readonly #scores: Float64Array;
  #scored = 0;

  constructor(number: number, panes: readonly Pane[], features: readonly EventFeature[], settings: GrowthSettings) {
    this.number = number;
    this.panes = panes;
    this.#features = features;
    this.#settings = settings;
    this.#matrix = rowsOf(panes, features.length);
    this.#seeds = treeSeeds((settings.seed ^ Math.imul(number, 0x9e37_79b1)) >>> 0);
    this.#scores = new Float64Array(this.#matrix.rows);
    this.#isWholeDay = spanMs(panes) >= wholeDayMs;
  }

  /** @returns the forest, with the last step */
  step(): WindowForest | undefined {
    const feature = this.#sorted.length;
    if (feature < this.#features.length) {
      this.#sorted.push(this.#prepare(feature));
      return undefined;
    }
    const seed = this.#seeds[this.#trees.length];
    if (seed !== undefined) {
      this.#trees.push(growTree(this.#matrix, drawSample(this.#matrix.rows, seed), splitSeed(seed)));
      return undefined;
    }
    return this.#score();
  }

  #score(): WindowForest | undefined {
    const { width, rows, values } = this.#matrix;
    const forest = forestOf(this.#trees, averagePathLength(Math.min(sampleSize, rows)));
    const end = Math.min(rows, this.#scored + rowsPerStep);
    const block = { values: values.subarray(this.#scored * width, end * width), rows: end - this.#scored, width };
    this.#scores.set(forest.score(block), this.#scored);
    this.#scored = end;
    if (end < rows) return undefined;
    const scores = this.#scores.sort();
    const threshold = Math.max(this.#settings.minScore, tailThreshold(scores, this.#settings.falseAlarmRate));
    return {
      ...{ number: this.number, panes: this.panes, forest, scores, threshold },
      medians: Float32Array.from(this.#sorted, medianOf),
      sorted: this.#sorted,
      bounds: this.#sorted.map(boundsOf),
    };
  }

  /** Sorts what the rows have of a feature, and puts its median in gaps. */
  #prepare(feature: number): Float32Array {
    const { values, rows, width } = this.#matrix;
    const isLeftOut = this.#features[feature]?.isDaily === true && !this.#isWholeDay;
    const present = new Float32Array(rows);
    let count = 0;
    for (let cell = feature; cell < values.length; cell += width) {
      // A feature that is the same everywhere is never split on.
      if (isLeftOut) values[cell] = 0;
      const value = values[cell] as number;
      if (!Number.isNaN(value)) present[count++] = value;
    }
    const sorted = present.slice(0, count).sort();
    const median = medianOf(sorted);
    for (let cell = feature; cell < values.length; cell += width) if (Number.isNaN(values[cell])) values[cell] = median;
    return sorted;
  }
}

function rowsOf(panes: readonly Pane[], width: number): Matrix {
  const rows = panes.reduce((sum, { filled }) => sum + filled, 0);
  const values = new Float32Array(rows * width);
  let at = 0;
  for (const pane of panes) {
    values.set(pane.rows.subarray(0, pane.filled * width), at);
    at += pane.filled * width;
  }
  return { values, rows, width };
}

function spanMs(panes: readonly Pane[]): number {
  return Math.max(...panes.map(({ lastMs }) => lastMs)) - (panes[0]?.firstMs ?? 0);
}

function medianOf(sorted: Float32Array): number {
  return sorted[sorted.length >> 1] ?? 0;
}

/**
 * A tree can't tell what lies a little beyond its sample from what lies far beyond, so that is asked directly: bounds far
 * outside of all that the window holds, a few odd rows aside.
 */
function boundsOf(sorted: Float32Array): readonly [number, number] {
  const median = medianOf(sorted);
  const aside = Math.ceil(sorted.length * commonest);
  const low = sorted[aside] ?? median;
  const high = sorted[sorted.length - 1 - aside] ?? median;
  return [
    low < median ? median - reach * (median - low) : Number.NEGATIVE_INFINITY,
    high > median ? median + reach * (high - median) : Number.POSITIVE_INFINITY,
  ];
}
