import { isAlphanumericAt, isDigitAt, isInsideUuid, isLetterAt } from './digit-groups.ts';
import type { LocatedFinding } from './finding.ts';

/** Length of an IBAN by country (SWIFT IBAN registry, and countries that use IBANs without standing in it). */
const lengths: ReadonlyMap<string, number> = new Map(
  `
  AD24 AE23 AL28 AO25 AT20 AZ28 BA20 BE16 BF28 BG22 BH22 BI27 BJ28 BR29 BY28 CF27 CG27 CH21 CI28 CM27 CR22
  CV25 CY28 CZ24 DE22 DJ27 DK18 DO28 DZ26 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GA27 GB22 GE22 GI23 GL18 GQ27
  GR27 GT28 GW25 HN28 HR21 HU28 IE22 IL23 IQ23 IR26 IS26 IT27 JO30 KM27 KW30 KZ20 LB28 LC32 LI21 LT20 LU20
  LV21 LY25 MA28 MC27 MD24 ME22 MG27 MK19 ML28 MN20 MR27 MT31 MU30 MZ25 NE28 NI28 NL18 NO15 OM23 PK24 PL28
  PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SN28 SO23 ST25 SV28 TD27 TG28 TL23 TN24
  TR26 UA29 VA22 VG24 XK20 YE30
  `
    .trim()
    .split(/\s+/)
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

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

/** IBANs anywhere in a text, with or without single separators between groups, none of which begins in a UUID. Always proven. */
export function findIbans(text: string): LocatedFinding[] {
  const found: LocatedFinding[] = [];
  for (let i = 0; i + 14 < text.length; i += 1) {
    if (!isLetterAt(text, i) || isAlphanumericAt(text, i - 1) || text[i - 1] === '_') continue;
    if (!isLetterAt(text, i + 1) || !isDigitAt(text, i + 2) || !isDigitAt(text, i + 3)) continue;
    const end = ibanEnd(text, i);
    if (end === undefined || isInsideUuid(text, i, i + 4)) continue;
    found.push({ kind: 'iban', proven: true, start: i, end });
    i = end - 1;
  }
  return found;
}

function ibanEnd(text: string, start: number): number | undefined {
  const length = lengths.get(text.slice(start, start + 2).toUpperCase());
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
