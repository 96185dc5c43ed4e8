import { isCalendarDate } from '../calendar.ts';
import { isLuhn, valueAt } from '../checksums.ts';
import type { Definition } from '../definition.ts';

const form = /^[A-Z]{6}[0-9LMNP-V]{2}[ABCDEHLMPRST](?:[0-37LMNPRST-V4-6][0-9LMNP-V])[A-Z][0-9LMNP-V]{3}[A-Z]$/;
const omocodia = 'LMNPQRSTUV';
const oddValues = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

/** Digits that omocodia replaced by letters, as digits again. */
function plainDigits(text: string): string {
  return text.replace(/[LMNP-V]/g, (letter) => String(omocodia.indexOf(letter)));
}

function controlLetter(code: string): string {
  let sum = 0;
  for (let i = 0; i < 15; i += 1) {
    const value = valueAt(code, i);
    const ordinal = value > 9 ? value - 10 : value;
    sum += i % 2 === 0 ? (oddValues[ordinal] ?? 0) : ordinal;
  }
  return String.fromCharCode(65 + (sum % 26));
}

/** Italian identifiers. */
export const italy: readonly Definition[] = [
  {
    kind: 'it-codice-fiscale',
    label: 'Italian tax code',
    countries: ['IT'],
    source: 'Decreto ministeriale 23 December 1976: control letter; omocodia replaces digits by letters',
    firm: ['AAAAAAXXAXXAXXXA', 'AAA AAA XXAXX AXXXA', 'AAAAAA XXAXX AXXXA'],
    words: ['codice fiscale', 'cod fisc', 'cf', 'fiscale', 'codfisc'],
    check: (id) => {
      if (!form.test(id)) return false;
      const day = Number(plainDigits(id.slice(9, 11)));
      const month = 'ABCDEHLMPRST'.indexOf(id[8] ?? '') + 1;
      if (!isCalendarDate(undefined, month, day > 40 ? day - 40 : day)) return false;
      return controlLetter(id) === id[15] ? true : 'shaped';
    },
    checksum: true,
    peculiar: true,
    chance: 0.00021,
  },
  {
    kind: 'it-partita-iva',
    label: 'Italian VAT number',
    countries: ['IT'],
    source: 'DPR 633/1972, art. 35: Luhn; province office in digits 8 to 10',
    firm: ['AA99999999999', 'AA 99999999999'],
    bare: ['99999999999'],
    words: ['partita iva', 'p iva', 'piva', 'iva', 'vat'],
    check: (id) => {
      const digits = id.replace(/^IT/, '');
      if (!/^\d{11}$/.test(digits) || digits.startsWith('0000000')) return false;
      const office = Number(digits.slice(7, 10));
      return ((office >= 1 && office <= 100) || [120, 121, 888, 999].includes(office)) && isLuhn(digits);
    },
    checksum: true,
    chance: 0.0104,
  },
  {
    kind: 'it-identity-card',
    label: 'Italian identity card',
    countries: ['IT'],
    source: 'Ministero dell’Interno: CIE of 2016 (AA00000AA) and paper cards (AA0000000)',
    bare: ['AA99999AA', 'AA9999999', '9999999AA'],
    words: ['carta identita', 'carta d identita', 'cie', 'documento'],
    chance: 1,
  },
  {
    kind: 'it-passport',
    label: 'Italian passport',
    countries: ['IT'],
    source: 'Ministero degli Affari Esteri: two characters and seven digits',
    bare: ['AA9999999', 'AX9999999'],
    words: ['passaporto', 'passport'],
    chance: 1,
  },
  {
    kind: 'it-driver-license',
    label: 'Italian driving licence',
    countries: ['IT'],
    source: 'Motorizzazione Civile: U1 and eight characters, or province form',
    bare: ['AX9999999A', 'AXXXXXXXXA'],
    words: ['patente', 'patente guida', 'driving licence'],
    check: (id) => /^(?:[A-Z]{2}\d{7}[A-Z]|U1[0-9A-Z]{7}[A-Z])$/.test(id),
    chance: 0.73,
  },
];
