import { isCalendarDate, isReversedDateAt } from '../calendar.ts';
import { digitAt, isMod11And10, isRepeated, remainder, weightedSum } from '../checksums.ts';
import type { Definition } from '../definition.ts';

/** EAN-13 check digit (GS1 General Specifications). */
const isEan13 = (id: string) => weightedSum(id, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0;

/** Women have 50 added to the month, and 20 or 70 where a day ran out of numbers. */
function isBirthNumber(id: string): boolean | 'shaped' {
  const month = Number(id.slice(2, 4)) % 50;
  if (!isCalendarDate(undefined, month > 20 ? month - 20 : month, Number(id.slice(4, 6)))) return false;
  if (id.length === 9) return id.slice(6) !== '000' && Number(id.slice(0, 2)) < 54 ? 'shaped' : false;
  const check = remainder(id.slice(0, 9), 11) % 10;
  return check === digitAt(id, 9);
}

/** Identifiers of Austria, Switzerland, Liechtenstein, Czechia, Slovakia and Hungary. */
export const centralEurope: readonly Definition[] = [
  {
    kind: 'at-svnr',
    label: 'Austrian social insurance number',
    countries: ['AT'],
    source: 'Dachverband der Sozialversicherungsträger, section 31 ASVG: modulus 11, date of birth',
    firm: ['9999 999999'],
    bare: ['9999999999', '9999-999999'],
    words: ['svnr', 'sv nr', 'sozialversicherung', 'versicherung', 'vsnr'],
    check: (id) =>
      id[0] !== '0' &&
      // Months 13 to 15 serve where a day ran out of numbers.
      (isReversedDateAt(id, 4) || /^(?:0[1-9]|[12]\d|3[01])1[345]/.test(id.slice(4))) &&
      weightedSum(id, [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 === digitAt(id, 3),
    checksum: true,
    chance: 0.0038,
  },
  {
    kind: 'at-vat',
    label: 'Austrian VAT identification',
    countries: ['AT'],
    source: 'BMF, construction of the UID: weights 1 and 2, cross sums',
    firm: ['AAA99999999', 'AA A99999999'],
    words: ['uid', 'ust id', 'ustid', 'umsatzsteuer'],
    check: (id) => {
      if (!/^ATU\d{8}$/.test(id)) return false;
      let sum = 0;
      for (let i = 0; i < 7; i += 1) {
        const product = digitAt(id, i + 3) * (i % 2 === 0 ? 1 : 2);
        sum += Math.floor(product / 10) + (product % 10);
      }
      return (10 - ((sum + 4) % 10)) % 10 === digitAt(id, 10);
    },
    checksum: true,
    chance: 0.00001,
  },
  {
    kind: 'ch-ahv',
    label: 'Swiss social security number (AHV)',
    countries: ['CH', 'LI'],
    source: 'Central Compensation Office, NAVS13: country code 756 and EAN-13',
    firm: ['999.9999.9999.99', '9999999999999', '999 9999 9999 99'],
    words: ['ahv', 'avs', 'navs', 'sozialversicherung'],
    check: (id) => id.startsWith('756') && isEan13(id),
    checksum: true,
    chance: 0.0001,
  },
  {
    kind: 'ch-uid',
    label: 'Swiss enterprise number (UID)',
    countries: ['CH', 'LI'],
    source: 'Federal Statistical Office, UIDV: modulus 11',
    firm: ['AAA-999.999.999', 'AAA999999999', 'AAA 999 999 999'],
    words: ['uid', 'mwst', 'tva', 'ide'],
    check: (id) =>
      id.startsWith('CHE') && (11 - (weightedSum(id.slice(3), [5, 4, 3, 2, 7, 6, 5, 4]) % 11)) % 11 === digitAt(id, 11),
    checksum: true,
    chance: 0.00001,
  },
  {
    kind: 'cz-sk-birth-number',
    label: 'Czech or Slovak birth number',
    countries: ['CZ', 'SK'],
    source: 'Czech act 133/2000 section 13, Slovak act 301/1995: divisible by 11 since 1954',
    firm: ['999999/9999', '999999/999'],
    bare: ['9999999999', '999999999'],
    words: ['rodne cislo', 'rc', 'rodne', 'rodneho cisla', 'birth number'],
    check: isBirthNumber,
    checksum: true,
    chance: 0.014,
  },
  {
    kind: 'cz-sk-company',
    label: 'Czech or Slovak company number',
    countries: ['CZ', 'SK'],
    source: 'Czech Statistical Office, IČO: modulus 11',
    bare: ['99999999', 'AA99999999'],
    words: ['ico', 'dic', 'identifikacni cislo', 'identifikacne cislo'],
    check: (id) => {
      const digits = id.replace(/^CZ/, '');
      if (!/^\d{8}$/.test(digits) || Number(digits) === 0) return false;
      return (11 - (weightedSum(digits, [8, 7, 6, 5, 4, 3, 2]) % 11)) % 10 === digitAt(digits, 7);
    },
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'hu-tax-id',
    label: 'Hungarian tax identification mark',
    countries: ['HU'],
    source: 'NAV, act CL of 2017 annex 1: modulus 11',
    bare: ['9999999999'],
    words: ['adoazonosito', 'adoazonosito jel', 'ado', 'adojel'],
    check: (id) => id[0] === '8' && weightedSum(id, [1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11 === digitAt(id, 9),
    checksum: true,
    chance: 0.0091,
  },
  {
    kind: 'hu-taj',
    label: 'Hungarian social security number (TAJ)',
    countries: ['HU'],
    source: 'Act XX of 1996 annex: weights 3 and 7',
    bare: ['999999999', '999 999 999', '999-999-999'],
    words: ['taj', 'tarsadalombiztositasi'],
    check: (id) => !isRepeated(id) && weightedSum(id, [3, 7, 3, 7, 3, 7, 3, 7]) % 10 === digitAt(id, 8),
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'hr-oib',
    label: 'Croatian personal number (OIB)',
    countries: ['HR'],
    source: 'Ministry of Finance, OIB act: ISO 7064 MOD 11,10',
    bare: ['99999999999', 'AA99999999999'],
    words: ['oib', 'osobni identifikacijski'],
    check: (id) => /^(?:HR)?\d{11}$/.test(id) && isMod11And10(id.replace(/^HR/, '')),
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'si-tax-number',
    label: 'Slovenian tax number',
    countries: ['SI'],
    source: 'FURS, Zakon o davčni službi: modulus 11',
    bare: ['99999999', 'AA99999999'],
    words: ['davcna', 'davcna stevilka', 'id za ddv', 'ddv'],
    check: (id) => {
      const digits = id.replace(/^SI/, '');
      if (!/^[1-9]\d{7}$/.test(digits)) return false;
      const check = 11 - (weightedSum(digits, [8, 7, 6, 5, 4, 3, 2]) % 11);
      return check !== 11 && check % 10 === digitAt(digits, 7);
    },
    checksum: true,
    chance: 0.08,
  },
];
