import { isCalendarDate, isShortDateAt } from '../calendar.ts';
import { digitAt, isLuhn, isRepeated, weightedSum } from '../checksums.ts';
import type { Definition } from '../definition.ts';

/** Months of the 19th century have 20 added, those of the 21st 40. */
const isBulgarian = (id: string) => {
  const month = Number(id.slice(2, 4));
  const date = isCalendarDate(
    undefined,
    month > 40 ? month - 40 : month > 20 ? month - 20 : month,
    Number(id.slice(4, 6)),
  );
  return date && (weightedSum(id, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11) % 10 === digitAt(id, 9);
};

const isTurkish = (id: string) => {
  if (id[0] === '0') return false;
  const odd = digitAt(id, 0) + digitAt(id, 2) + digitAt(id, 4) + digitAt(id, 6) + digitAt(id, 8);
  const even = digitAt(id, 1) + digitAt(id, 3) + digitAt(id, 5) + digitAt(id, 7);
  const tenth = (((odd * 7 - even) % 10) + 10) % 10;
  return tenth === digitAt(id, 9) && (odd + even + tenth) % 10 === digitAt(id, 10);
};

/** Identifiers of Romania, Bulgaria, Greece, Turkey and the states that keep the Yugoslav number. */
export const southEastEurope: readonly Definition[] = [
  {
    kind: 'ro-cnp',
    label: 'Romanian personal number (CNP)',
    countries: ['RO'],
    source: 'Government ordinance 97/2005: key 279146358279, modulus 11',
    bare: ['9999999999999'],
    words: ['cnp', 'cod numeric personal'],
    check: (id) =>
      id[0] !== '0' &&
      isShortDateAt(id, 1) &&
      /^(?:0[1-9]|[1-3]\d|4[0-8]|5[12]|70|8[0-3])$/.test(id.slice(7, 9)) &&
      (weightedSum(id, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11) % 10 === digitAt(id, 12),
    checksum: true,
    chance: 0.0018,
  },
  {
    kind: 'ro-cui',
    label: 'Romanian company number (CUI)',
    countries: ['RO'],
    source: 'ANAF, Codul fiscal art. 72: key 753217532, modulus 11',
    bare: ['99999999', '9999999', '999999999', 'AA99999999', 'AA9999999'],
    words: ['cui', 'cif', 'cod fiscal', 'cod unic'],
    check: (id) => {
      const digits = id.replace(/^RO/, '').padStart(10, '0');
      return (
        /^(?:RO)?[1-9]/.test(id) &&
        ((weightedSum(digits, [7, 5, 3, 2, 1, 7, 5, 3, 2]) * 10) % 11) % 10 === digitAt(digits, 9)
      );
    },
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'bg-egn',
    label: 'Bulgarian personal number (EGN)',
    countries: ['BG'],
    source: 'Civil registration act, GRAO: modulus 11',
    bare: ['9999999999'],
    words: ['egn', 'егн', 'единен граждански'],
    check: isBulgarian,
    checksum: true,
    chance: 0.011,
  },
  {
    kind: 'gr-afm',
    label: 'Greek tax number (AFM)',
    countries: ['GR'],
    source: 'AADE: powers of two, modulus 11',
    bare: ['999999999', 'AA999999999'],
    words: ['afm', 'αφμ', 'vat', 'αριθμοσ φορολογικου μητρωου'],
    check: (id) => {
      const digits = id.replace(/^EL/, '');
      if (!/^\d{9}$/.test(digits) || Number(digits) === 0) return false;
      return (weightedSum(digits, [256, 128, 64, 32, 16, 8, 4, 2]) % 11) % 10 === digitAt(digits, 8);
    },
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'gr-amka',
    label: 'Greek social security number (AMKA)',
    countries: ['GR'],
    source: 'IDIKA, law 3655/2008: date of birth and Luhn',
    bare: ['99999999999'],
    words: ['amka', 'αμκα'],
    check: (id) => isCalendarDate(undefined, Number(id.slice(2, 4)), Number(id.slice(0, 2))) && isLuhn(id),
    checksum: true,
    chance: 0.0037,
  },
  {
    kind: 'tr-tckn',
    label: 'Turkish identity number',
    countries: ['TR'],
    source: 'Nüfus ve Vatandaşlık İşleri, law 5490: two check digits',
    bare: ['99999999999'],
    words: ['tckn', 'tc kimlik', 't c kimlik', 'kimlik', 'kimlik no', 'tc no'],
    check: isTurkish,
    checksum: true,
    chance: 0.009,
  },
  {
    kind: 'tr-vkn',
    label: 'Turkish tax number',
    countries: ['TR'],
    source: 'Gelir İdaresi Başkanlığı: check digit over powers of two modulo 9',
    bare: ['9999999999'],
    words: ['vkn', 'vergi', 'vergi kimlik', 'vergi no'],
    check: (id) => {
      let sum = 0;
      for (let i = 0; i < 9; i += 1) {
        const shifted = (digitAt(id, i) + 9 - i) % 10;
        if (shifted !== 0) sum += (shifted * 2 ** (9 - i)) % 9 || 9;
      }
      return (10 - (sum % 10)) % 10 === digitAt(id, 9);
    },
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'jmbg',
    label: 'Unique master citizen number (JMBG, EMŠO)',
    countries: ['RS', 'BA', 'ME', 'MK', 'SI', 'HR', 'XK'],
    source: 'Law on the unique master citizen number: date of birth, region, modulus 11',
    bare: ['9999999999999'],
    words: ['jmbg', 'emso', 'јмбг', 'maticni broj', 'матични број', 'embg', 'ембг'],
    check: (id) => {
      const year = Number(id.slice(4, 7));
      if (!isCalendarDate(undefined, Number(id.slice(2, 4)), Number(id.slice(0, 2))) || (year > 40 && year < 850))
        return false;
      const check = 11 - (weightedSum(id, [7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11);
      return !isRepeated(id) && (check === 11 ? 0 : check) === digitAt(id, 12);
    },
    checksum: true,
    chance: 0.0007,
  },
];
