import { isCalendarDate } from '../calendar.ts';
import { digitAt, isRepeated, weightedSum } from '../checksums.ts';
import type { Definition } from '../definition.ts';

const isRegon9 = (id: string) => (weightedSum(id, [8, 9, 2, 3, 4, 5, 6, 7]) % 11) % 10 === digitAt(id, 8);
const isRegon14 = (id: string) =>
  isRegon9(id.slice(0, 9)) && (weightedSum(id, [2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8]) % 11) % 10 === digitAt(id, 13);

/** Polish identifiers. */
export const poland: readonly Definition[] = [
  {
    kind: 'pl-pesel',
    label: 'Polish personal number (PESEL)',
    countries: ['PL'],
    source: 'Act on population records of 24 September 2010: weights 1, 3, 7, 9; the century is added to the month',
    bare: ['99999999999'],
    words: ['pesel'],
    check: (id) =>
      isCalendarDate(undefined, Number(id.slice(2, 4)) % 20, Number(id.slice(4, 6))) &&
      weightedSum(id, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0,
    checksum: true,
    chance: 0.0183,
  },
  {
    kind: 'pl-nip',
    label: 'Polish tax number (NIP)',
    countries: ['PL'],
    source: 'Act of 13 October 1995 on taxpayer records: modulus 11',
    firm: ['999-999-99-99', '999-99-99-999', 'AA9999999999'],
    bare: ['9999999999', '999 999 99 99'],
    words: ['nip', 'vat', 'podatkowy'],
    check: (id) => {
      const digits = id.replace(/^PL/, '');
      return (
        /^[1-9]\d{9}$/.test(digits) &&
        !isRepeated(digits) &&
        weightedSum(digits, [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 === digitAt(digits, 9)
      );
    },
    checksum: true,
    chance: 0.082,
  },
  {
    kind: 'pl-regon',
    label: 'Polish company number (REGON)',
    countries: ['PL'],
    source: 'GUS, regulation of 30 November 2015: modulus 11',
    bare: ['999999999', '99999999999999'],
    words: ['regon'],
    check: (id) => Number(id) > 0 && (id.length === 9 ? isRegon9(id) : isRegon14(id)),
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'pl-id-card',
    label: 'Polish identity card',
    countries: ['PL'],
    source: 'Ministry of the Interior: letters as 10–35, weights 7, 3, 1, 9, 7, 3, 1, 7, 3',
    bare: ['AAA999999', 'AAA 999999'],
    words: ['dowod', 'dowodu', 'dowod osobisty', 'dowodu osobistego', 'seria'],
    check: (id) => weightedSum(id, [7, 3, 1, 9, 7, 3, 1, 7, 3]) % 10 === 0,
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'pl-passport',
    label: 'Polish passport',
    countries: ['PL'],
    source: 'Ministry of the Interior: letters as 10–35, weights 7, 3, 9, 1, 7, 3, 1, 7, 3',
    bare: ['AA9999999', 'AA 9999999'],
    words: ['paszport', 'paszportu', 'passport'],
    check: (id) => (weightedSum(id, [7, 3, 9, 1, 7, 3, 1, 7, 3]) % 10 === 0 ? true : 'shaped'),
    checksum: true,
    chance: 0.1,
  },
];
