import { findIdentifiers } from '@sdp/shared/detection';
import {
  type BucketSpec,
  bucketMethod,
  emailSurrogate,
  maskMethod,
  type Outcome,
  redactMethod,
  textMethod,
} from '@sdp/shared/tokenization';
import type { BucketColumn } from '../config/index.ts';
import type { RowView } from '../csv/index.ts';
import type { NamespaceOptions } from '../vault/index.ts';
import type { TokenizingAuthority } from './column-authority.ts';
import { type ColumnRule, canonicalOf } from './column-rule.ts';
import type { EntityReader } from './entity-reader.ts';
import { cardOf, fpeOf, shiftOf } from './keyed-methods.ts';
import { nullMarkerSet, skipMarkers, walkPast, walkPastMany } from './null-markers.ts';

/** Why a cell has no replacement, for reasons that lie outside the method. */
export interface EntityMissing {
  readonly refused: 'entity-missing';
}

export type CellOutcome = Outcome | EntityMissing;

/** What a method does to the cells of a column that are neither empty nor null markers. */
export interface Treatment {
  one?(value: string, view: RowView): CellOutcome;
  /** In place of `one`: many values of the column at once. */
  many?(values: readonly string[]): readonly CellOutcome[];
  /** Results consist of letters, digits and `_` alone. */
  readonly plain?: boolean;
  /** Equal values have equal results, so that their frequencies show. */
  readonly deterministic?: boolean;
}

/** The rule's method with its keys; `undefined` for columns that are kept. */
export function treatmentOf(
  rule: ColumnRule,
  vault: TokenizingAuthority,
  entity: EntityReader | undefined,
): Treatment | undefined {
  switch (rule.method) {
    case 'keep':
    case 'drop':
      return undefined;
    case 'token':
      return { one: vault.tokenizer(rule.namespace, namespaceOptions(rule)), plain: true, deterministic: true };
    case 'random':
      return { one: vault.randomTokenizer(rule.namespace, namespaceOptions(rule)), plain: true };
    case 'hash': {
      const hash = vault.hasher(rule.namespace);
      const form = canonicalOf(rule);
      return { one: form === undefined ? hash : (value) => hash(form.apply(value)), plain: true, deterministic: true };
    }
    case 'redact':
      return { one: redactMethod() };
    case 'mask':
      return { one: maskMethod(given({ keepFirst: rule.keepFirst, keepLast: rule.keepLast })) };
    case 'email': {
      const tokenOf = vault.tokenizer(rule.namespace, namespaceOptions(rule));
      const options = { keepDomain: rule.keepDomain ?? false };
      return { one: (value) => emailSurrogate(tokenOf(value), value, options), deterministic: true };
    }
    case 'fpe': {
      const fpe = fpeOf(vault, rule);
      const many = walkPastMany(nullMarkerSet(rule.nullMarkers), (values) => fpe.protectMany(values));
      return { many, deterministic: true };
    }
    case 'card': {
      const card = cardOf(vault, rule.namespace, rule.keepFirst);
      const candidate = skipMarkers(nullMarkerSet(rule.nullMarkers), card.candidate);
      const surrogateOf = vault.surrogates(rule.namespace, candidate, namespaceOptions(rule));
      return { one: (value) => card.refusal(value) ?? surrogateOf(value), deterministic: true };
    }
    case 'date-shift': {
      const shift = shiftOf(vault, rule);
      const markers = nullMarkerSet(rule.nullMarkers);
      return {
        one: (value, view) => {
          const whose = entity?.(view);
          if (whose === undefined) return { refused: 'entity-missing' };
          return walkPast(markers, (date) => shift.apply(date, whose))(value);
        },
      };
    }
    case 'bucket':
      return { one: bucketMethod(bucketSpec(rule)) };
    case 'text': {
      const tokenOf = vault.tokenizer(rule.namespace, namespaceOptions(rule));
      const options = given({ kinds: rule.kinds, region: rule.region });
      const find = (text: string) => findIdentifiers(text, options);
      return { one: textMethod({ find, tokenFor: (_kind, value) => tokenOf(value) }) };
    }
  }
}

function namespaceOptions(rule: ColumnRule): NamespaceOptions {
  const canonical = canonicalOf(rule);
  const expiresDays = 'expiresDays' in rule ? rule.expiresDays : undefined;
  return given({ canonical, expiresDays });
}

function bucketSpec({ size, bounds, unit, keepFirst, decimalComma, dateOrder }: BucketColumn): BucketSpec {
  if (size !== undefined) return { size, ...given({ decimalComma }) };
  if (bounds !== undefined) return { bounds, ...given({ decimalComma }) };
  return unit === undefined ? { keepFirst: keepFirst ?? 0 } : { unit, ...given({ order: dateOrder }) };
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the properties that are undefined. */
function given<T extends object>(options: T): Given<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given<T>;
}
