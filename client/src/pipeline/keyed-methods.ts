import { aesEcbEncryptor } from '@sdp/shared/crypto';
import {
  type AlphabetSpec,
  alphabetOf,
  type CardMethod,
  cardMethod,
  type DateOrder,
  type DateShift,
  dateShift,
  type FpeMethod,
  fpeMethod,
  shiftDays,
} from '@sdp/shared/tokenization';
import type { NamespaceKeys, Vault } from '../vault/index.ts';

/** What the methods below need of a vault: keys that depend on the namespace alone. */
export type KeySource = Pick<Vault, 'keyed'>;

export interface FpeSettings {
  readonly namespace: string;
  readonly alphabet?: AlphabetSpec | undefined;
  readonly spareDigit?: number | undefined;
}

/** Format-preserving encryption under the namespace's key. */
export function fpeOf(keys: KeySource, { namespace, alphabet, spareDigit }: FpeSettings): FpeMethod {
  return fpeMethod({
    alphabet: alphabetOf(alphabet ?? 'digits'),
    tweak: new TextEncoder().encode(namespace),
    cipher: aesEcbEncryptor(keys.keyed(namespace).fpe()),
    ...(spareDigit === undefined ? {} : { spareDigit }),
  });
}

export interface ShiftSettings {
  readonly namespace: string;
  readonly maxDays?: number;
  readonly dateOrder?: DateOrder;
  readonly padded?: boolean;
}

/** Days that dates are moved by at most where nothing else is said. */
export const defaultMaxDays = 30;

/** Shifts that depend on the namespace's key and the entity. */
export function shiftOf(keys: KeySource, { namespace, maxDays, dateOrder, padded }: ShiftSettings): DateShift {
  const { hash } = keys.keyed(namespace);
  const most = maxDays ?? defaultMaxDays;
  const recent = new Map<string, number>();
  return dateShift({
    daysFor: (entity) => {
      let days = recent.get(entity);
      if (days === undefined) {
        days = shiftDays(hash('date-shift', entity), most);
        if (recent.size >= 10_000) recent.clear();
        recent.set(entity, days);
      }
      return days;
    },
    ...(dateOrder === undefined ? {} : { order: dateOrder }),
    ...(padded === undefined ? {} : { padded }),
  });
}

/** Surrogates of card numbers whose digits come from the namespace's key. */
export function cardOf(keys: KeySource, namespace: string, keepFirst: 6 | undefined): CardMethod {
  const { hash }: NamespaceKeys = keys.keyed(namespace);
  return cardMethod({
    digits: (value, attempt) => hash('card', `${attempt}:${value}`),
    ...(keepFirst === undefined ? {} : { keepFirst }),
  });
}
