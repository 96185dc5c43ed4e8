import {
  type AnomalyReason,
  type AnomalyResult,
  type AnomalyRuleReason,
  type AnonymizationResult,
  type BatchResult,
  durationText,
  type ProcessingType,
  type ScoringResult,
} from '@sdp/shared/contracts';
import { IntegrityError } from '@sdp/shared/errors';
import { formatNumber, spreadsheetSafe } from './spreadsheet-safe.ts';

/** The columns that one kind of result adds to a table. */
export interface ResultColumns {
  readonly header: readonly string[];
  /** @throws {IntegrityError} `server-response-invalid` for a result that names columns the upload had not */
  cells(result: BatchResult): readonly string[];
}

const scoreDecimals = 6;
const shareDecimals = 4;
const percentDecimals = 2;

/**
 * @param first result that shows which columns an anonymization released; undefined for a batch without results
 * @param known names of the columns that were uploaded
 */
export function resultColumns(
  type: ProcessingType,
  first: BatchResult | undefined,
  known: ReadonlySet<string>,
): ResultColumns {
  switch (type) {
    case 'risk_scoring':
      return scoringColumns;
    case 'anonymization':
      return anonymizationColumns(first === undefined ? [] : Object.keys((first as AnonymizationResult).values), known);
    case 'anomaly_detection':
      return anomalyColumns(known);
  }
}

const scoringColumns: ResultColumns = {
  header: ['risk_score', 'risk_band', 'risk_status', 'risk_feature_coverage', 'risk_model_version'],
  cells(result) {
    const { score, band, status, feature_coverage, model_version } = result as ScoringResult;
    return [
      score === null ? '' : formatNumber(score, scoreDecimals),
      band ?? '',
      status,
      formatNumber(feature_coverage, shareDecimals),
      spreadsheetSafe(model_version),
    ];
  },
};

function anonymizationColumns(names: readonly string[], known: ReadonlySet<string>): ResultColumns {
  assertKnown(names, known);
  return {
    header: [...names.map((name) => `anon_${spreadsheetSafe(name)}`), 'anon_class_size', 'anon_status'],
    cells(result) {
      const { values, class_size, status } = result as AnonymizationResult;
      const released = names.map((name) => values[name]);
      if (released.includes(undefined) || Object.keys(values).length !== names.length) {
        throw new IntegrityError('server-response-invalid', { message: 'Results release different columns' });
      }
      return [
        ...released.map((value) => spreadsheetSafe(value ?? '')),
        class_size === null ? '' : String(class_size),
        status,
      ];
    },
  };
}

function anomalyColumns(known: ReadonlySet<string>): ResultColumns {
  return {
    header: ['anomaly_score', 'is_anomaly', 'anomaly_reasons'],
    cells(result) {
      const { score, is_anomaly, columns, rules = [] } = result as AnomalyResult;
      assertKnown(
        columns.map(({ column }) => column),
        known,
      );
      const reasons = [...rules.map(ruleText), ...columns.map(reasonText)].join('; ');
      return [formatNumber(score, scoreDecimals), String(is_anomaly), spreadsheetSafe(reasons)];
    },
  };
}

/** E.g. `amount 0.62 (high: 99.9 % are lower)`, `country 0.2 (rare: 0.1 % have it)`. */
function reasonText({ column, share, direction, position, aspect }: AnomalyReason): string {
  const text = `${column} ${formatNumber(share, shareDecimals)}`;
  if (direction === undefined || position === undefined) return text;
  const percent = `${formatNumber(position * 100, percentDecimals)} %`;
  const where = direction === 'rare' ? `${percent} have it` : `${percent} are lower`;
  return `${text} (${aspect === undefined ? '' : 'time of day '}${direction}: ${where})`;
}

/** E.g. `rule login-burst: Many logins of one user (count 24, limit 20, within 3 min)`. */
function ruleText({ rule, title, numbers = {}, within_seconds: seconds }: AnomalyRuleReason): string {
  const figures = [
    ...Object.entries(numbers).map(([name, value]) => `${name} ${formatNumber(value, scoreDecimals)}`),
    ...(seconds === undefined ? [] : [`within ${durationText(seconds * 1_000)}`]),
  ];
  return `rule ${rule}: ${title}${figures.length === 0 ? '' : ` (${figures.join(', ')})`}`;
}

/** A server that could choose names could choose what stands in the user's header. */
function assertKnown(names: readonly string[], known: ReadonlySet<string>): void {
  if (names.every((name) => known.has(name))) return;
  throw new IntegrityError('server-response-invalid', {
    message: 'The server’s results name a column that was not uploaded',
  });
}

/** Gives names that the header has already a number: a server's column never replaces one. */
export function namesBeside(header: readonly string[], added: readonly string[]): string[] {
  const taken = new Set(header);
  return added.map((name) => {
    let free = name;
    for (let number = 2; taken.has(free); number += 1) free = `${name}_${number}`;
    taken.add(free);
    return free;
  });
}
