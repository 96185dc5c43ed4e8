import { isLuhn, isRepeated, isVerhoeff, valueAt } from '../checksums.ts';
import type { Definition } from '../definition.ts';

const isPalindrome = (text: string) => text === [...text].reverse().join('');
const stateCodes =
  /^(?:A[NPRS]|BR|BH|C[GH]|D[DLN]|G[AJ]|H[PR]|J[HK]|K[AL]|L[AD]|M[HLNPZ]|NL|O[DR]|P[BY]|RJ|SK|T[GNRS]|U[AKP]|WB)/;

/** Luhn over base 36, as the GST network uses it. */
function isGstinCheck(id: string): boolean {
  let sum = 0;
  for (let i = 0; i < 14; i += 1) {
    const value = valueAt(id, i) * (i % 2 === 0 ? 1 : 2);
    sum += Math.floor(value / 36) + (value % 36);
  }
  return (36 - (sum % 36)) % 36 === valueAt(id, 14);
}

/** Indian identifiers. */
export const india: readonly Definition[] = [
  {
    kind: 'in-aadhaar',
    label: 'Indian Aadhaar number',
    countries: ['IN'],
    source: 'UIDAI, numbering scheme of 2010: Verhoeff, first digit 2 to 9, no palindrome',
    firm: ['9999 9999 9999', '9999-9999-9999', '9999:9999:9999'],
    bare: ['999999999999', '9999.9999.9999'],
    words: ['aadhaar', 'aadhar', 'uidai', 'uid', 'आधार'],
    check: (id) => /^[2-9]/.test(id) && !isPalindrome(id) && isVerhoeff(id),
    checksum: true,
    chance: 0.08,
  },
  {
    kind: 'in-pan',
    label: 'Indian permanent account number',
    countries: ['IN'],
    source: 'Income Tax Department, rule 114: fourth letter says what the holder is',
    firm: ['AAAAA9999A'],
    words: ['pan', 'permanent account', 'income tax'],
    check: (id) => !id.slice(5).startsWith('0000') && ('ABCFGHJKLPT'.includes(id[3] ?? ' ') || 'shaped'),
    chance: 0.46,
  },
  {
    kind: 'in-gstin',
    label: 'Indian goods and services tax number',
    countries: ['IN'],
    source: 'GSTN, CGST rules 2017: state code, PAN, check character modulo 36',
    firm: ['99AAAAA9999AXXX', '99-AAAAA-9999-AX-XX', '99 AAAAA 9999 AX XX'],
    words: ['gstin', 'gst', 'gst registration', 'tax'],
    check: (id) => {
      const state = Number(id.slice(0, 2));
      if (!((state >= 1 && state <= 38) || state === 97 || state === 99)) return false;
      if (!/^\d\d[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z]$/.test(id)) return false;
      return isGstinCheck(id) ? true : 'shaped';
    },
    checksum: true,
    peculiar: true,
    chance: 0.0003,
  },
  {
    kind: 'in-voter',
    label: 'Indian voter card (EPIC)',
    countries: ['IN'],
    source: 'Election Commission of India: three letters, six digits and a Luhn digit in those issued since 2000',
    bare: ['AAA9999999'],
    words: ['voter', 'epic', 'vote', 'election', 'elector', 'voter id'],
    check: (id) => (isLuhn(id.slice(3)) ? true : 'shaped'),
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'in-passport',
    label: 'Indian passport',
    countries: ['IN'],
    source: 'Passport Seva: a letter without Q, X, Z, a digit of 1 to 9, five digits, a digit of 1 to 9',
    bare: ['A9999999', 'A9 99999'],
    words: ['passport', 'indian passport', 'पासपोर्ट'],
    check: (id) => /^[A-PR-WY][1-9]\d{5}[1-9]$/.test(id),
    chance: 0.71,
  },
  {
    kind: 'in-vehicle-registration',
    label: 'Indian vehicle registration',
    countries: ['IN'],
    source: 'Central Motor Vehicles Rules 1989, rule 50: state, district, series, number',
    firm: ['AA99AA9999', 'AA9AAA9999', 'AA99A9999', 'AA 99 AA 9999', 'AA-99-AA-9999', 'AA 99 A 9999', 'AA99 AA 9999'],
    words: ['vehicle', 'registration', 'bike', 'car', 'number plate'],
    check: (id) => stateCodes.test(id) && !id.endsWith('0000'),
    chance: 0.06,
  },
  {
    kind: 'in-driving-licence',
    label: 'Indian driving licence',
    countries: ['IN'],
    source: 'Ministry of Road Transport, Sarathi: state, office, year, seven digits',
    firm: ['AA9999999999999', 'AA99 99999999999', 'AA-9999999999999', 'AA-99-9999-9999999'],
    words: ['driving licence', 'driving license', 'licence', 'dl'],
    check: (id) => stateCodes.test(id) && /^(?:19[4-9]|20[0-4])\d/.test(id.slice(4)),
    chance: 0.0006,
  },
  {
    kind: 'in-vid',
    label: 'Indian Aadhaar virtual number',
    countries: ['IN'],
    source: 'UIDAI circular of 10 January 2018: 16 digits, Verhoeff',
    bare: ['9999 9999 9999 9999', '9999999999999999'],
    words: ['vid', 'virtual id', 'aadhaar vid'],
    check: (id) => /^[2-9]/.test(id) && !isRepeated(id) && isVerhoeff(id),
    checksum: true,
    chance: 0.08,
  },
];
