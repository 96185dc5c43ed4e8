import { isAlphanumericAt, isDigitAt, isLetterAt } from './digit-groups.ts';
import type { LocatedFinding } from './finding.ts';

/** Length of an IBAN by country (SWIFT IBAN registry, release 99, and countries that use IBANs outside it). */
const lengths: Readonly<Record<string, number>> = Object.assign(Object.create(null) as Record<string, number>, {
  AD: 24,
  AE: 23,
  AL: 28,
  AO: 25,
  AT: 20,
  AZ: 28,
  BA: 20,
  BE: 16,
  BF: 28,
  BG: 22,
  BH: 22,
  BI: 27,
  BJ: 28,
  BR: 29,
  BY: 28,
  CF: 27,
  CG: 27,
  CH: 21,
  CI: 28,
  CM: 27,
  CR: 22,
  CV: 25,
  CY: 28,
  CZ: 24,
  DE: 22,
  DJ: 27,
  DK: 18,
  DO: 28,
  DZ: 26,
  EE: 20,
  EG: 29,
  ES: 24,
  FI: 18,
  FK: 18,
  FO: 18,
  FR: 27,
  GA: 27,
  GB: 22,
  GE: 22,
  GI: 23,
  GL: 18,
  GQ: 27,
  GR: 27,
  GT: 28,
  GW: 25,
  HN: 28,
  HR: 21,
  HU: 28,
  IE: 22,
  IL: 23,
  IQ: 23,
  IR: 26,
  IS: 26,
  IT: 27,
  JO: 30,
  KM: 27,
  KW: 30,
  KZ: 20,
  LB: 28,
  LC: 32,
  LI: 21,
  LT: 20,
  LU: 20,
  LV: 21,
  LY: 25,
  MA: 28,
  MC: 27,
  MD: 24,
  ME: 22,
  MG: 27,
  MK: 19,
  ML: 28,
  MN: 20,
  MR: 27,
  MT: 31,
  MU: 30,
  MZ: 25,
  NE: 28,
  NI: 28,
  NL: 18,
  NO: 15,
  OM: 23,
  PK: 24,
  PL: 28,
  PS: 29,
  PT: 25,
  QA: 29,
  RO: 24,
  RS: 22,
  RU: 33,
  SA: 24,
  SC: 31,
  SD: 18,
  SE: 24,
  SI: 19,
  SK: 24,
  SM: 27,
  SN: 28,
  SO: 23,
  ST: 25,
  SV: 28,
  TD: 27,
  TG: 28,
  TL: 23,
  TN: 24,
  TR: 26,
  UA: 29,
  VA: 22,
  VG: 24,
  XK: 20,
  YE: 30,
});

const separators = ' -./';

/** ISO 7064 mod 97-10 over an IBAN without separators, as ISO 13616 uses it: the remainder must be 1. */
export function isMod97Valid(iban: string): boolean {
  let remainder = 0;
  for (let i = 0; i < iban.length; i += 1) {
    const code = iban.charCodeAt((i + 4) % iban.length);
    const value = code <= 57 ? code - 48 : (code & 95) - 55;
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1;
}

/** IBANs anywhere in a text, with or without single separators between groups. Always proven. */
export function findIbans(text: string): LocatedFinding[] {
  const found: LocatedFinding[] = [];
  for (let i = 0; i + 14 < text.length; i += 1) {
    if (!isLetterAt(text, i) || isAlphanumericAt(text, i - 1) || text[i - 1] === '_') continue;
    if (!isLetterAt(text, i + 1) || !isDigitAt(text, i + 2) || !isDigitAt(text, i + 3)) continue;
    const end = ibanEnd(text, i);
    if (end === undefined) continue;
    found.push({ kind: 'iban', proven: true, start: i, end });
    i = end - 1;
  }
  return found;
}

function ibanEnd(text: string, start: number): number | undefined {
  const length = lengths[text.slice(start, start + 2).toUpperCase()];
  if (length === undefined) return undefined;
  let iban = '';
  let end = start;
  const groups: number[] = [];
  let groupSize = 0;
  while (iban.length < length) {
    if (isAlphanumericAt(text, end)) {
      iban += text[end];
      groupSize += 1;
    } else {
      if (groupSize === 0 || end >= text.length || !separators.includes(text[end] ?? '')) return undefined;
      groups.push(groupSize);
      groupSize = 0;
    }
    end += 1;
  }
  if (isAlphanumericAt(text, end) || text[end] === '_') return undefined;
  if (groups.length > 0 && !isPlausiblyGrouped(iban, groups)) return undefined;
  return isMod97Valid(iban) ? end : undefined;
}

/** Guards against prose that happens to start with two letters and two digits (`no12 of the …`). */
function isPlausiblyGrouped(iban: string, groups: readonly number[]): boolean {
  if (groups.every((size) => size === 4)) return true;
  const digits = iban.replace(/[^0-9]/g, '').length;
  return digits * 2 >= iban.length;
}
