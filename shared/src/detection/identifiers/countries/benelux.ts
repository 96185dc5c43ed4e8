import { isCalendarDate, isLongDateAt } from '../calendar.ts';
import { digitAt, isLuhn, isRepeated, isVerhoeff, remainder, weightedSum } from '../checksums.ts';
import type { Definition } from '../definition.ts';

/** The Dutch "elfproef" of citizen service numbers: weights 9 to 2, and −1 for the last digit. */
const isElevenTested = (id: string) => {
  const padded = id.padStart(9, '0');
  return Number(padded) > 0 && !isRepeated(padded) && weightedSum(padded, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0;
};

/** Dutch, Belgian and Luxembourgish identifiers. */
export const benelux: readonly Definition[] = [
  {
    kind: 'nl-bsn',
    label: 'Dutch citizen service number',
    countries: ['NL'],
    source: 'Rijksdienst voor Identiteitsgegevens, Besluit BSN: eleven test',
    firm: ['9999.99.999'],
    bare: ['999999999', '99999999', '999 999 999', '9999 99 999'],
    words: ['bsn', 'burgerservice', 'sofi', 'sofinr', 'burger service'],
    check: isElevenTested,
    checksum: true,
    chance: 0.091,
  },
  {
    kind: 'nl-vat',
    label: 'Dutch VAT identification',
    countries: ['NL'],
    source: 'Belastingdienst: eleven test, or modulus 97 since 2020',
    firm: ['AA999999999A99', 'AA 9999.99.999.A.99', 'AA 999999999A99'],
    words: ['btw', 'vat', 'omzetbelasting'],
    check: (id) => {
      if (!/^NL\d{9}B\d\d$/.test(id)) return false;
      return isElevenTested(id.slice(2, 11)) || remainder(`2321${id.slice(2, 11)}11${id.slice(12)}`, 97) === 1;
    },
    checksum: true,
    chance: 0.00001,
  },
  {
    kind: 'nl-document',
    label: 'Dutch passport or identity card',
    countries: ['NL'],
    source: 'RvIG: two letters, six characters without O, a digit',
    bare: ['AAXXXXXX9'],
    words: ['paspoort', 'identiteitskaart', 'rijbewijs', 'document', 'passport', 'id kaart'],
    check: (id) => !id.includes('O') && /\d.*\d/.test(id),
    chance: 0.68,
  },
  {
    kind: 'be-national-number',
    label: 'Belgian national number',
    countries: ['BE'],
    source: 'Royal decree of 3 April 1984: 97 less the remainder by 97, with a 2 in front for births since 2000',
    firm: ['99.99.99-999.99', '999999-999-99', '999999-999.99', '999999 999 99'],
    bare: ['99999999999', '99 99 99 999 99'],
    words: ['rijksregister', 'registre national', 'national number', 'nn', 'niss', 'insz', 'nrn', 'bis'],
    check: (id) => {
      // Numbers of people without a residence have 20 or 40 added to the month.
      const month = Number(id.slice(2, 4)) % 20;
      if (id.slice(2, 4) > '52') return false;
      const day = Number(id.slice(4, 6));
      if (!((month === 0 || isCalendarDate(undefined, month, Math.max(day, 1))) && day <= 31)) return false;
      const check = Number(id.slice(9));
      return 97 - remainder(id.slice(0, 9), 97) === check || 97 - remainder(`2${id.slice(0, 9)}`, 97) === check;
    },
    checksum: true,
    chance: 0.0024,
  },
  {
    kind: 'be-enterprise',
    label: 'Belgian enterprise number',
    countries: ['BE'],
    source: 'KBO/BCE: 97 less the remainder by 97',
    firm: ['AA 9999.999.999', 'AA9999999999', 'AA 9999999999', '9999.999.999'],
    bare: ['9999999999'],
    words: ['ondernemings', 'entreprise', 'kbo', 'bce', 'btw', 'tva', 'vat'],
    check: (id) => {
      const digits = id.replace(/^BE/, '');
      return /^[01]\d{9}$/.test(digits) && 97 - remainder(digits.slice(0, 8), 97) === Number(digits.slice(8));
    },
    checksum: true,
    chance: 0.002,
  },
  {
    kind: 'lu-national-id',
    label: 'Luxembourgish national identification number',
    countries: ['LU'],
    source: 'Law of 19 June 2013, CTIE: Luhn and Verhoeff digits after a date of birth',
    firm: ['9999 99 99 999 99'],
    bare: ['9999999999999'],
    words: ['matricule', 'identification', 'cns', 'securite sociale'],
    check: (id) => isLongDateAt(id, 0) && isLuhn(id.slice(0, 12)) && isVerhoeff(id.slice(0, 11) + digitAt(id, 12)),
    checksum: true,
    chance: 0.00003,
  },
];
