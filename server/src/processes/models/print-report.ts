import type { ArmReport, Interval, ModelReport } from '../../models/index.ts';
import { printLine } from '../print.ts';
import { printTable } from '../print-table.ts';
import { describe } from './deploy-models.ts';

/** For people: what each model did, how good it was as far as is known, and what the differences are worth. */
export function printReport(report: ModelReport): void {
  const { arms, comparisons, since, deployment, isCut } = report;
  printLine(`${describe(deployment)}; since ${since.toISOString()}\n`);
  printTable(
    ['', ...arms.map(({ arm }) => arm.toUpperCase())],
    [
      ['version', ...arms.map(({ version }) => version)],
      ['decisions', ...arms.map(({ decisions }) => count(decisions))],
      ['REVIEW', ...arms.map(({ review }) => percent(review))],
      ['DECLINE', ...arms.map(({ decline }) => percent(decline))],
      ['known outcomes', ...arms.map(({ quality }) => count(quality.known))],
      ['  frauds flagged', ...arms.map(({ quality: q }) => `${count(q.fraudsFlagged)} of ${count(q.frauds)}`)],
      ['  recall', ...arms.map(({ quality }) => percent(quality.recall))],
      ['  precision', ...arms.map(({ quality }) => percent(quality.precision))],
      ['  false alarms', ...arms.map(({ quality }) => percent(quality.falseAlarms))],
      ['  ROC-AUC', ...arms.map(({ quality }) => plain(quality.rocAuc))],
      ['asked', ...arms.map(({ asked }) => count(asked))],
      ['  failed', ...arms.map(({ failed }) => count(failed))],
      ['  left out', ...arms.map(({ arm, leftOut }) => (arm === 'shadow' ? count(leftOut) : undefined))],
      ['call p50 / p95 / p99, ms', ...arms.map(latency)],
    ],
  );
  printLine('\nScores, shares of each tenth:');
  printTable(
    ['FROM', ...arms.map(({ arm }) => arm.toUpperCase())],
    Array.from({ length: 10 }, (_, i) => [(i / 10).toFixed(1), ...arms.map((each) => tenth(each, i))]),
  );
  if (comparisons.length > 0) printLine('');
  for (const { sentence } of comparisons) printLine(sentence);
  if (comparisons.length > 0) {
    printLine('Each interval stands for itself: where nothing differs, about one in twenty says it does.');
  }
  if (isCut) printLine('There are more known outcomes than were looked at: the newest 500,000.');
}

export function reportJson({ since, deployment, arms, comparisons, isCut }: ModelReport) {
  return {
    since: since.toISOString(),
    generation: deployment.generation,
    cut: isCut,
    arms: arms.map(({ quality: { falseAlarms, fraudsFlagged, rocAuc, recall, precision, ...quality }, ...arm }) => ({
      arm: arm.arm,
      version: arm.version,
      decisions: arm.decisions,
      review: arm.review ?? null,
      decline: arm.decline ?? null,
      known_outcomes: quality.known,
      frauds: quality.frauds,
      frauds_flagged: fraudsFlagged,
      recall: recall ?? null,
      precision: precision ?? null,
      false_alarms: falseAlarms ?? null,
      roc_auc: rocAuc ?? null,
      asked: arm.asked,
      failed: arm.failed,
      left_out: arm.leftOut,
      call_ms: arm.callMs,
      scores: arm.scores,
    })),
    comparisons: comparisons.map(({ arm, measure, difference, sentence }) => ({
      arm,
      measure,
      difference: difference ?? null,
      sentence,
    })),
  };
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}

function percent(interval: Interval | undefined): string | undefined {
  if (interval === undefined) return undefined;
  const text = (share: number) => (share * 100).toFixed(2);
  return `${text(interval.estimate)} % (${text(interval.low)}–${text(interval.high)})`;
}

function plain(interval: Interval | undefined): string | undefined {
  if (interval === undefined) return undefined;
  const [estimate, low, high] = [interval.estimate, interval.low, interval.high].map((each) => each.toFixed(4));
  return `${estimate} (${low}–${high})`;
}

function latency({ callMs: { p50, p95, p99 } }: ArmReport): string | undefined {
  if (p50 === undefined) return undefined;
  return [p50, p95, p99].map((ms) => (ms === undefined || !Number.isFinite(ms) ? '∞' : ms.toPrecision(3))).join(' / ');
}

function tenth({ scores }: ArmReport, i: number): string | undefined {
  const total = scores.reduce((sum, each) => sum + each, 0);
  if (total === 0) return undefined;
  const within = (scores[2 * i] ?? 0) + (scores[2 * i + 1] ?? 0);
  return `${((within / total) * 100).toFixed(2)} %`;
}
