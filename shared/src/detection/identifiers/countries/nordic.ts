import { isCalendarDate, isReversedDateAt } from '../calendar.ts';
import { digitAt, isLuhn, remainder, weightedSum } from '../checksums.ts';
import type { Definition } from '../definition.ts';

/** Coordination numbers have 60 added to the day. */
function isSwedish(id: string): boolean {
  const short = id.slice(-10);
  const day = Number(short.slice(4, 6));
  if (!isCalendarDate(undefined, Number(short.slice(2, 4)), day > 60 ? day - 60 : day)) return false;
  if (id.length === 12 && !/^(?:18|19|20)/.test(id)) return false;
  return isLuhn(short);
}

/** D-numbers have 4 added to the first digit, synthetic ones 40 or 80 to the month. */
function isNorwegian(id: string): boolean {
  const day = Number(id.slice(0, 2));
  const month = Number(id.slice(2, 4)) % 40;
  if (!isCalendarDate(undefined, month, day > 40 ? day - 40 : day)) return false;
  const check = (weights: readonly number[]) => (11 - (weightedSum(id, weights) % 11)) % 11;
  return (
    check([3, 7, 6, 1, 8, 9, 4, 5, 2]) === digitAt(id, 9) && check([5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) === digitAt(id, 10)
  );
}

const isFinnish = (id: string) =>
  /^\d{6}[A-FU-Y-]?\d{3}[0-9A-Y]$/.test(id) &&
  isReversedDateAt(id, 0) &&
  '0123456789ABCDEFHJKLMNPRSTUVWXY'[remainder(id.slice(0, 6) + id.slice(-4, -1), 31)] === id.at(-1);

/** Identifiers of Sweden, Norway, Denmark, Finland and Iceland. */
export const nordic: readonly Definition[] = [
  {
    kind: 'se-personnummer',
    label: 'Swedish personal number',
    countries: ['SE'],
    source: 'Skatteverket, SKV 704: date of birth and Luhn',
    firm: ['999999-9999', '99999999-9999'],
    bare: ['9999999999', '999999999999', '999999 9999'],
    words: ['personnummer', 'personnr', 'pnr', 'person', 'samordnings', 'personal number'],
    check: isSwedish,
    checksum: true,
    chance: 0.0073,
  },
  {
    kind: 'se-organization',
    label: 'Swedish organization number',
    countries: ['SE'],
    source: 'Skatteverket, SKV 709: third digit at least 2, Luhn',
    bare: ['9999999999', '999999-9999', 'AA999999999999'],
    words: ['organisation', 'orgnr', 'org nr', 'momsregistrering', 'vat'],
    check: (id) => {
      const digits = id.replace(/^SE/, '').slice(0, 10);
      return /^\d{2}[2-9]\d{7}$/.test(digits) && isLuhn(digits);
    },
    checksum: true,
    chance: 0.08,
  },
  {
    kind: 'no-fodselsnummer',
    label: 'Norwegian birth number',
    countries: ['NO'],
    source: 'Skatteetaten, folkeregisterforskriften section 2-2-1: two check digits modulo 11',
    firm: ['999999 99999', '999999-99999'],
    bare: ['99999999999'],
    words: ['fodselsnummer', 'fodsels', 'fnr', 'personnummer', 'd nummer'],
    check: isNorwegian,
    checksum: true,
    chance: 0.0018,
  },
  {
    kind: 'no-organization',
    label: 'Norwegian organization number',
    countries: ['NO'],
    source: 'Brønnøysundregistrene: modulus 11',
    bare: ['999999999', '999 999 999'],
    words: ['organisasjons', 'orgnr', 'org nr', 'mva', 'foretaks'],
    check: (id) => /^[89]/.test(id) && (11 - (weightedSum(id, [3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === digitAt(id, 8),
    checksum: true,
    chance: 0.018,
  },
  {
    kind: 'dk-cpr',
    label: 'Danish civil registration number',
    countries: ['DK'],
    source: 'CPR-kontoret: date of birth; the modulus 11 check was given up in 2007',
    firm: ['999999-9999'],
    bare: ['9999999999', '999999 9999'],
    words: ['cpr', 'cpr nr', 'personnummer', 'cprnr'],
    check: (id) =>
      isReversedDateAt(id, 0) && (weightedSum(id, [4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0 ? true : 'shaped'),
    checksum: true,
    peculiar: true,
    chance: 0.0034,
  },
  {
    kind: 'dk-cvr',
    label: 'Danish company number (CVR)',
    countries: ['DK'],
    source: 'Erhvervsstyrelsen: modulus 11',
    bare: ['99999999', '99 99 99 99', 'AA99999999'],
    words: ['cvr', 'cvr nr', 'se nr', 'moms'],
    check: (id) => {
      const digits = id.replace(/^DK/, '');
      return /^[1-9]\d{7}$/.test(digits) && weightedSum(digits, [2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0;
    },
    checksum: true,
    chance: 0.082,
  },
  {
    kind: 'fi-hetu',
    label: 'Finnish personal identity code',
    countries: ['FI'],
    source: 'Digital and Population Data Services Agency, decree 1055/2022: remainder by 31',
    firm: ['999999-999X', '999999A999X'],
    words: ['hetu', 'henkilotunnus', 'henkilotunnuksen', 'sotu', 'personbeteckning'],
    check: isFinnish,
    checksum: true,
    chance: 0.0011,
  },
  {
    kind: 'fi-business-id',
    label: 'Finnish business identity code',
    countries: ['FI'],
    source: 'Finnish Patent and Registration Office: modulus 11',
    firm: ['9999999-9'],
    bare: ['AA99999999'],
    words: ['y tunnus', 'ytunnus', 'business id', 'alv', 'vat'],
    check: (id) => {
      const digits = id.replace(/^FI/, '');
      if (!/^\d{8}$/.test(digits) || Number(digits) === 0) return false;
      return (11 - (weightedSum(digits, [7, 9, 10, 5, 8, 4, 2]) % 11)) % 11 === digitAt(digits, 7);
    },
    checksum: true,
    chance: 0.091,
  },
  {
    kind: 'is-kennitala',
    label: 'Icelandic identification number',
    countries: ['IS'],
    source: 'Þjóðskrá, law 140/2019: modulus 11, companies have 40 added to the day',
    firm: ['999999-9999'],
    bare: ['9999999999'],
    words: ['kennitala', 'kennitolu', 'kt'],
    check: (id) => {
      const day = Number(id.slice(0, 2));
      return (
        isCalendarDate(undefined, Number(id.slice(2, 4)), day > 40 ? day - 40 : day) &&
        /[09]$/.test(id) &&
        (11 - (weightedSum(id, [3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === digitAt(id, 8)
      );
    },
    checksum: true,
    chance: 0.0013,
  },
];
