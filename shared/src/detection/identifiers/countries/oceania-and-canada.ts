import { digitAt, isLuhn, isRepeated, weightedSum } from '../checksums.ts';
import type { Definition } from '../definition.ts';

function isNewZealandTax(id: string): boolean {
  const padded = id.padStart(9, '0');
  const number = Number(padded);
  if (number < 10_000_000 || number > 150_000_000) return false;
  const check = (weights: readonly number[]) => (11 - (weightedSum(padded, weights) % 11)) % 11;
  const first = check([3, 2, 7, 6, 5, 4, 3, 2]);
  return (first === 10 ? check([7, 4, 3, 2, 5, 2, 7, 6]) : first) === digitAt(padded, 8);
}

/** Identifiers of Australia, New Zealand and Canada. */
export const oceaniaAndCanada: readonly Definition[] = [
  {
    kind: 'au-tfn',
    label: 'Australian tax file number',
    countries: ['AU'],
    source: 'Australian Taxation Office: weights 1, 4, 3, 7, 5, 8, 6, 9, 10 modulo 11',
    bare: ['999999999', '999 999 999'],
    words: ['tfn', 'tax file'],
    check: (id) => !isRepeated(id) && weightedSum(id, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0,
    checksum: true,
    chance: 0.091,
  },
  {
    kind: 'au-abn',
    label: 'Australian business number',
    countries: ['AU'],
    source: 'Australian Business Register, format of the ABN: modulus 89',
    firm: ['99 999 999 999'],
    bare: ['99999999999'],
    words: ['abn', 'business number', 'australian business'],
    check: (id) => {
      if (id < '11') return false;
      return (weightedSum(id, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10) % 89 === 0;
    },
    checksum: true,
    chance: 0.0103,
  },
  {
    kind: 'au-acn',
    label: 'Australian company number',
    countries: ['AU'],
    source: 'ASIC, ACN check digit: modulus 10',
    bare: ['999999999', '999 999 999'],
    words: ['acn', 'company number', 'australian company'],
    check: (id) => (10 - (weightedSum(id, [8, 7, 6, 5, 4, 3, 2, 1]) % 10)) % 10 === digitAt(id, 8),
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'au-medicare',
    label: 'Australian Medicare number',
    countries: ['AU'],
    source: 'Services Australia, Medicare number: weights 1, 3, 7, 9 modulo 10',
    firm: ['9999 99999 9', '9999 99999 9 9', '9999-99999-9', '9999 99999 9/9'],
    bare: ['9999999999', '99999999999'],
    words: ['medicare'],
    check: (id) => /^[2-6]/.test(id) && weightedSum(id, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === digitAt(id, 8),
    checksum: true,
    chance: 0.05,
  },
  {
    kind: 'nz-ird',
    label: 'New Zealand tax number (IRD)',
    countries: ['NZ'],
    source: 'Inland Revenue, RWT/NRWT specification: modulus 11 with a second set of weights',
    bare: ['99-999-999', '999-999-999', '99999999', '999999999'],
    words: ['ird', 'inland revenue', 'tax number'],
    check: isNewZealandTax,
    checksum: true,
    chance: 0.092,
  },
  {
    kind: 'nz-nhi',
    label: 'New Zealand health index number',
    countries: ['NZ'],
    source: 'HISO 10046: modulus 11, or modulus 24 in the form of 2019',
    bare: ['AAA9999', 'AAA99AX'],
    words: ['nhi', 'national health index'],
    check: (id) => {
      if (!/^[A-HJ-NP-Z]{3}(?:\d{4}|\d\d[A-HJ-NP-Z]{2})$/.test(id)) return false;
      const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ';
      const value = (character: string) => (/\d/.test(character) ? Number(character) : alphabet.indexOf(character) + 1);
      let sum = 0;
      for (let i = 0; i < 6; i += 1) sum += value(id[i] ?? '') * (7 - i);
      if (/\d$/.test(id)) return sum % 11 !== 0 && (11 - (sum % 11)) % 10 === digitAt(id, 6);
      return alphabet[23 - (sum % 24)] === id[6];
    },
    checksum: true,
    chance: 0.069,
  },
  {
    kind: 'ca-sin',
    label: 'Canadian social insurance number',
    countries: ['CA'],
    source: 'Service Canada, SIN code of practice: Luhn, never beginning with 0 or 8',
    firm: ['999-999-999', '999 999 999'],
    bare: ['999999999'],
    words: ['sin', 'nas', 'social insurance', 'assurance sociale'],
    check: (id) => /^[1-79]/.test(id) && !isRepeated(id) && isLuhn(id),
    checksum: true,
    chance: 0.08,
  },
  {
    kind: 'ca-business-number',
    label: 'Canadian business number',
    countries: ['CA'],
    source: 'Canada Revenue Agency: Luhn over nine digits, program and account',
    firm: ['999999999AA9999', '99999 9999 AA9999', '999999999 AA9999'],
    words: ['business number', 'bn', 'gst', 'hst'],
    check: (id) => isLuhn(id.slice(0, 9)) && /^R[CPTMRDZ]/.test(id.slice(9)),
    checksum: true,
    chance: 0.00084,
  },
  {
    kind: 'ca-passport',
    label: 'Canadian passport',
    countries: ['CA'],
    source:
      'Immigration, Refugees and Citizenship Canada: two letters, six digits; since 2023 a letter, six digits, two letters',
    bare: ['AA999999', 'A999999AA'],
    words: ['passport', 'passeport'],
    chance: 1,
  },
  {
    kind: 'ca-health-on',
    label: 'Ontario health card',
    countries: ['CA'],
    source: 'Ontario Ministry of Health: Luhn, version of two letters',
    firm: ['9999-999-999-AA', '9999 999 999 AA'],
    bare: ['9999999999', '9999-999-999', '9999 999 999'],
    words: ['ohip', 'health card', 'hcn'],
    check: (id) => isLuhn(id.slice(0, 10)) && !isRepeated(id.slice(0, 10)),
    checksum: true,
    chance: 0.1,
  },
];
