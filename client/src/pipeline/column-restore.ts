import {
  canonicalizerById,
  isRefusal,
  isToken,
  redactedText,
  restoreText,
  tokenInEmail,
  tokensInText,
} from '@sdp/shared/tokenization';
import type { RowView } from '../csv/index.ts';
import type { ManifestColumn } from '../manifest/index.ts';
import { invalidNamespace, type RevealingAuthority } from './column-authority.ts';
import { fpeOf, shiftOf } from './keyed-methods.ts';
import { nullMarkerSet, walkPast, walkPastMany } from './null-markers.ts';

/** Stands for a cell that should have a value but whose value isn't known here. */
export const unknownValue = Symbol('unknown value');

/** The value of a cell; `undefined` where the cell stays as it is. */
export type Restored = string | undefined | typeof unknownValue;

/** Puts the values of one column back. */
export interface Restorer {
  one?(text: string, view: RowView): Restored;
  /** In place of `one`: many cells of the column at once. */
  many?(texts: readonly string[]): Restored[];
}

type Reveal = (token: string) => string | undefined;

/** The inverse of a column's method; `undefined` where there is none. */
export function restorerOf(
  column: ManifestColumn,
  columns: readonly ManifestColumn[],
  vault: RevealingAuthority,
): Restorer | undefined {
  const restorer = inverseOf(column, columns, vault);
  const one = restorer?.one;
  const markers = nullMarkerSet(column.options?.null_markers);
  if (one === undefined || markers.size === 0) return restorer;
  return { one: (text, view) => (markers.has(text) ? undefined : one(text, view)) };
}

function inverseOf(
  column: ManifestColumn,
  columns: readonly ManifestColumn[],
  vault: RevealingAuthority,
): Restorer | undefined {
  const { method, namespace, options = {} } = column;
  const reveal = vault.revealer(namespace === undefined ? undefined : [namespace]);
  switch (method) {
    case 'token':
    case 'random':
      return { one: (text) => (isToken(text) ? (reveal(text) ?? unknownValue) : undefined) };
    case 'email':
      return { one: (text) => revealEmail(text, reveal) };
    case 'text':
      return { one: (text) => revealInText(text, reveal) };
  }
  if (namespace === undefined) return undefined;
  // Made when the first such cell comes: most columns have none.
  let revealInvalid: Reveal | undefined;
  const invalid = (text: string): Restored => {
    if (options.on_invalid === 'redact' && text === redactedText) return undefined;
    if (options.on_invalid !== 'token' || !isToken(text)) return unknownValue;
    revealInvalid ??= vault.revealer([invalidNamespace(namespace)]);
    return revealInvalid(text) ?? unknownValue;
  };
  const markers = nullMarkerSet(options.null_markers);
  switch (method) {
    case 'card': {
      const originalOf = vault.surrogateRevealer(namespace);
      return { one: (text) => originalOf(text) ?? invalid(text) };
    }
    case 'fpe': {
      const fpe = fpeOf(vault, { namespace, alphabet: options.alphabet, spareDigit: options.spare_digit });
      const restoreMany = walkPastMany(markers, (texts) => fpe.restoreMany(texts));
      return {
        many: (texts) => {
          const restored = texts.map((text): Restored => {
            if (text === '' || markers.has(text)) return undefined;
            return options.on_invalid === undefined ? unknownValue : invalid(text);
          });
          const open = restored.flatMap((value, at) => (value === unknownValue ? [at] : []));
          const outcomes = restoreMany(open.map((at) => texts[at] as string));
          for (const [index, at] of open.entries()) {
            const outcome = outcomes[index];
            if (outcome !== undefined && !isRefusal(outcome)) restored[at] = outcome;
          }
          return restored;
        },
      };
    }
    case 'date-shift': {
      const entityOf = entityRestorer(options.entity_lost === true ? undefined : options.entity, columns, vault);
      if (entityOf === undefined) return undefined;
      const { max_days: maxDays, date_order: dateOrder, padded } = options;
      const shift = shiftOf(vault, {
        namespace,
        ...(maxDays === undefined ? {} : { maxDays }),
        ...(dateOrder === undefined ? {} : { dateOrder }),
        ...(padded === undefined ? {} : { padded }),
      });
      return {
        one: (text, view) => {
          if (isToken(text) || text === redactedText) return invalid(text);
          const entity = entityOf(view);
          if (entity === undefined) return unknownValue;
          const outcome = walkPast(markers, (date) => shift.undo(date, entity))(text);
          return isRefusal(outcome) ? unknownValue : outcome;
        },
      };
    }
    default:
      return undefined;
  }
}

/** Whatever tokens a cell holds, for columns of which nothing is known. */
export function restorerOfAnyTokens(vault: RevealingAuthority): Restorer {
  const reveal = vault.revealer();
  return {
    one: (text) => {
      if (isToken(text)) return reveal(text) ?? unknownValue;
      return revealEmail(text, reveal) ?? (text.includes('tok_') ? revealInText(text, reveal) : undefined);
    },
  };
}

function revealEmail(text: string, reveal: Reveal): Restored {
  const token = tokenInEmail(text);
  return token === undefined ? undefined : (reveal(token) ?? unknownValue);
}

function revealInText(text: string, reveal: Reveal): Restored {
  const tokens = tokensInText(text);
  if (tokens.length === 0) return undefined;
  const values = new Map(tokens.map((token) => [token, reveal(token)]));
  if ([...values.values()].includes(undefined)) return unknownValue;
  return restoreText(text, (token) => values.get(token));
}

/** Whose row it is, from the tokenized row; the counterpart of `entityReaderOf`. */
function entityRestorer(
  name: string | undefined,
  columns: readonly ManifestColumn[],
  vault: RevealingAuthority,
): ((view: RowView) => string | undefined) | undefined {
  const column = columns.find((candidate) => candidate.name === name);
  if (column === undefined) return undefined;
  const { index, method, options = {} } = column;
  const restorer = method === 'keep' ? undefined : restorerOf(column, columns, vault);
  if (method !== 'keep' && restorer === undefined) return undefined;
  const form = options.canonical === undefined ? undefined : canonicalizerById(options.canonical);
  const markers = nullMarkerSet(options.null_markers);
  // A text without identifiers is its own value; a cell that should be a token and is none has no value.
  const staysAsItIs = method === 'keep' || method === 'text';
  let last: { readonly text: string; readonly entity: string | undefined } | undefined;
  return (view) => {
    const text = view.cell(index);
    if (last?.text === text) return last.entity;
    let entity: Restored;
    if (text !== '' && !markers.has(text)) {
      entity = restorer?.one?.(text, view) ?? restorer?.many?.([text])[0];
      if (entity === undefined && staysAsItIs) entity = text;
    }
    const known = typeof entity === 'string' ? entity : undefined;
    last = { text, entity: known === undefined || form === undefined ? known : form.apply(known) };
    return last.entity;
  };
}
