import { GateError, InputError } from '@sdp/shared/errors';
import {
  describeRefusal,
  type FrequencyMeter,
  frequencyMeter,
  isToken,
  type Refusal,
  redactedText,
} from '@sdp/shared/tokenization';
import type { ColumnEdit, RowView } from '../csv/index.ts';
import { invalidNamespace, type TokenizingAuthority } from './column-authority.ts';
import { type ColumnRule, namespaceOf } from './column-rule.ts';
import { type CellOutcome, treatmentOf } from './column-treatment.ts';
import { entityReaderOf } from './entity-reader.ts';
import { nullMarkerSet } from './null-markers.ts';

/** What became of one column. */
export interface ColumnTally {
  readonly rule: ColumnRule;
  /** Cells that were replaced: all but the empty ones and the null markers. */
  cells: number;
  /** Values that had the shape of a token already. */
  tokenShaped: number;
  /** Cells that hold a null marker. */
  nulls: number;
  /** Values that the method could not take, treated as `on_invalid` says. */
  invalid: number;
  /** Cells whose spelling isn't the one that comes back; set by {@link completeTallies}. */
  respelled: number;
  /** Of columns in which equal values have equal results. */
  readonly frequencies: FrequencyMeter | undefined;
}

/** The edits that carry out the rules, and the counts they keep. Columns to keep need none. */
export function columnEdits(
  rules: readonly ColumnRule[],
  vault: TokenizingAuthority,
): { readonly edits: readonly ColumnEdit[]; readonly tallies: readonly ColumnTally[] } {
  const tallies: ColumnTally[] = [];
  const edits: ColumnEdit[] = [];
  for (const rule of rules) {
    const treatment = treatmentOf(rule, vault, entityReaderOf(rule, rules));
    const frequencies = treatment?.deterministic === true ? frequencyMeter() : undefined;
    const tally = { rule, cells: 0, tokenShaped: 0, nulls: 0, invalid: 0, respelled: 0, frequencies };
    tallies.push(tally);
    if (rule.method === 'drop') edits.push({ index: rule.index, replace: 'drop' });
    if (treatment === undefined) continue;
    const { one, many, plain = false } = treatment;
    const markers = nullMarkerSet('nullMarkers' in rule ? rule.nullMarkers : undefined);
    const settle = settler(tally, vault, plain);
    const leaves = (value: string) => {
      // Looking in an empty set would hash the value.
      if (markers.size === 0 || !markers.has(value)) return false;
      tally.nulls += 1;
      return true;
    };
    const replaceMany = (values: readonly string[], firstRow: number) => {
      const results: (string | undefined)[] = values.map(() => undefined);
      const open = values.flatMap((value, at) => (value === '' || leaves(value) ? [] : [at]));
      const outcomes = many?.(open.map((at) => values[at] as string)) ?? [];
      for (const [index, at] of open.entries()) {
        results[at] = settle(values[at] as string, outcomes[index] as CellOutcome, firstRow + at);
      }
      return results;
    };
    edits.push({
      index: rule.index,
      plain,
      replace: (value: string, row: number, view: RowView) => {
        if (one === undefined) return replaceMany([value], row)[0];
        return leaves(value) ? undefined : settle(value, one(value, view), row);
      },
      ...(many === undefined ? {} : { replaceMany }),
    });
  }
  return { edits, tallies };
}

/** Counts a cell and gives what is written in its place. */
function settler(tally: ColumnTally, vault: TokenizingAuthority, givesTokens: boolean) {
  const { rule, frequencies } = tally;
  const onInvalid = 'onInvalid' in rule ? rule.onInvalid : undefined;
  const namespace = invalidNamespace(namespaceOf(rule) ?? '');
  let tokenOf: ((value: string) => string) | undefined;
  return (value: string, outcome: CellOutcome, row: number): string => {
    tally.cells += 1;
    if (isToken(value)) tally.tokenShaped += 1;
    if (typeof outcome === 'string') {
      if (givesTokens) frequencies?.addToken(outcome);
      else frequencies?.add(outcome);
      return outcome;
    }
    if (onInvalid === undefined || onInvalid === 'error') throw unfitValue(rule, outcome, row);
    tally.invalid += 1;
    if (onInvalid === 'redact') return redactedText;
    tokenOf ??= vault.tokenizer(namespace);
    return tokenOf(value);
  };
}

/** Where an option of the column is likelier to help than another value; the registry's remedy for the rest. */
const remedies: Readonly<Record<string, string>> = {
  'spare-digit':
    'Set `spare_digit` to a digit that no number of the column begins with, choose another method, or set `on_invalid: token`.',
  'date-order-needed': 'Set `date_order: dmy` or `date_order: mdy` for the column.',
  'date-padding':
    'Set `padded: false` for a column written without leading zeros, or `on_invalid: token` for the rest.',
  'entity-missing': 'Fill the entity’s cell, name another `entity`, or set `on_invalid: token` for the column.',
};

function unfitValue(rule: ColumnRule, outcome: Exclude<CellOutcome, string>, row: number): InputError {
  const why =
    outcome.refused === 'entity-missing'
      ? 'stands in a row that does not say whose it is: the entity’s cell is empty'
      : describeRefusal(outcome as Refusal);
  const remedy = remedies[outcome.refused];
  return new InputError('value-unfit', {
    message: `The value in row ${row}, column ${rule.name} ${why}`,
    ...(remedy === undefined ? {} : { remedy }),
    details: { row, column: rule.name, columnIndex: rule.index },
  });
}

/**
 * Adds what is known only once the vault has everything; call it after its flush.
 *
 * @param strict refuses columns whose results frequency analysis would undo
 * @throws {GateError} `gate-not-met` naming all of those columns
 */
export function completeTallies(tallies: readonly ColumnTally[], vault: TokenizingAuthority, strict: boolean): void {
  for (const tally of tallies) {
    const { rule } = tally;
    if (!('canonical' in rule) || rule.method === 'hash' || rule.canonical === undefined) continue;
    tally.respelled = vault.spellings(rule.namespace);
  }
  if (!strict) return;
  const findings = tallies.flatMap(({ rule, frequencies }) => {
    const report = frequencies?.report();
    return report?.verdict === 'weak' ? [{ message: report.advice, field: rule.name }] : [];
  });
  if (findings.length === 0) return;
  throw new GateError('gate-not-met', {
    message: 'Frequency analysis would undo the tokens of columns with few or lopsided values',
    remedy: 'Choose another method for each column listed, or leave out --strict; there is no output.',
    details: { findings, count: findings.length },
  });
}
