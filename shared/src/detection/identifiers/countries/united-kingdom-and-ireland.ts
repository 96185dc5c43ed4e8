import { isRepeated, remainder, weightedSum } from '../checksums.ts';
import type { Definition } from '../definition.ts';

const isMod11Nhs = (id: string) => {
  const check = 11 - (weightedSum(id, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11);
  return check % 11 === Number(id[9]) && check !== 10 && !isRepeated(id);
};

const plateLetters = 'A-HJ-PR-Y';
const plates = [
  /^[A-HJ-PR-Y]{2}(?:0[2-9]|[12]\d|5[1-9]|[67]\d)[A-HJ-PR-Z]{3}$/,
  new RegExp(`^[A-HJ-NPR-TV-Y]\\d{1,3}[${plateLetters}]{3}$`),
  new RegExp(`^[${plateLetters}]{3}\\d{1,3}[A-HJ-NPR-TV-Y]$`),
];

/** British and Irish identifiers. */
export const unitedKingdomAndIreland: readonly Definition[] = [
  {
    kind: 'uk-nhs',
    label: 'NHS number',
    countries: ['GB'],
    source: 'NHS Data Dictionary, NHS NUMBER: modulus 11',
    bare: ['9999999999', '999 999 9999', '999-999-9999'],
    words: ['nhs', 'national health', 'health service', 'patient'],
    check: isMod11Nhs,
    checksum: true,
    chance: 0.083,
  },
  {
    kind: 'uk-nino',
    label: 'UK national insurance number',
    countries: ['GB'],
    source: 'HMRC, NIM39110: format and prefixes that are never used',
    firm: ['AA999999A', 'AA~99~99~99~A', 'AA 999999A', 'AA 999999 A', 'AA999999 A'],
    words: ['nino', 'ni', 'national insurance', 'insurance'],
    check: (id) => /^(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]$/.test(id),
    chance: 0.09,
  },
  {
    kind: 'uk-utr',
    label: 'UK unique taxpayer reference',
    countries: ['GB'],
    source: 'HMRC, UTR check: modulus 11, check digit first',
    bare: ['9999999999', '99999 99999'],
    words: ['utr', 'unique taxpayer', 'taxpayer reference', 'self assessment'],
    check: (id) => '21987654321'[weightedSum(id.slice(1), [6, 7, 8, 9, 10, 5, 4, 3, 2]) % 11] === id[0],
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'uk-bank-account',
    label: 'UK sort code or account number',
    countries: ['GB'],
    source: 'Pay.UK, sorting code and account number',
    bare: ['99-99-99', '99999999', '99-99-99 99999999'],
    words: ['sort code', 'sortcode', 'account number', 'account', 'acc', 'a/c'],
    chance: 1,
  },
  {
    kind: 'uk-driving-licence',
    label: 'UK driving licence',
    countries: ['GB'],
    source: 'DVLA, driver number: surname, date of birth with 5 added to the month of women, initials',
    firm: ['AXXXX999999AXXAA', 'AXXXX 999999 AXXAA'],
    words: ['driving licence', 'driver licence', 'licence', 'dvla', 'driving license'],
    check: (id) =>
      /^(?=.{5}\d{6})[A-Z]{1,5}9{0,4}(?<=^.{5})\d(?:0[1-9]|1[0-2]|5[1-9]|6[0-2])(?:0[1-9]|[12]\d|3[01])\d[A-Z][A-Z9][0-9A-Z][A-Z]{2}$/.test(
        id,
      ),
    chance: 0.016,
  },
  {
    kind: 'uk-passport',
    label: 'UK passport',
    countries: ['GB'],
    source: 'HM Passport Office: two letters and seven digits; nine digits count as a passport of any country',
    bare: ['AA9999999'],
    words: ['passport', 'passports', 'travel document'],
    chance: 1,
  },
  {
    kind: 'uk-vehicle-registration',
    label: 'UK vehicle registration',
    countries: ['GB'],
    source: 'DVLA, INF104: current, prefix and suffix styles',
    bare: [
      ...['AA99 AAA', 'AA99AAA', 'AA99-AAA'],
      ...['A999 AAA', 'A99 AAA', 'A9 AAA', 'A999AAA', 'A99AAA', 'A9AAA'],
      ...['AAA 999A', 'AAA 99A', 'AAA 9A', 'AAA999A', 'AAA99A', 'AAA9A'],
    ],
    words: [
      'registration',
      'number plate',
      'licence plate',
      'license plate',
      'vehicle',
      'vehicles',
      'car reg',
      'reg',
      'vrm',
      'plate',
    ],
    check: (id) => plates.some((plate) => plate.test(id)),
    chance: 0.59,
  },
  {
    kind: 'ie-pps',
    label: 'Irish PPS number',
    countries: ['IE'],
    source: 'Revenue Commissioners, PPSN check character: modulus 23',
    firm: ['9999999A', '9999999AA'],
    words: ['pps', 'ppsn', 'personal public service', 'rsi'],
    check: (id) => {
      if (!/^\d{7}[A-W][ABHW]?$/.test(id)) return false;
      const second = id.length === 9 ? (id.charCodeAt(8) - 64) * 9 : 0;
      return 'WABCDEFGHIJKLMNOPQRSTUV'[(weightedSum(id, [8, 7, 6, 5, 4, 3, 2]) + second) % 23] === id[7];
    },
    checksum: true,
    chance: 0.039,
  },
  {
    kind: 'uk-vat',
    label: 'UK VAT registration',
    countries: ['GB'],
    source: 'HMRC, VAT registration check: modulus 97 and 97-55',
    firm: ['AA999999999', 'AA 999 9999 99', 'AA 999999999'],
    words: ['vat', 'vat registration'],
    check: (id) => {
      if (!/^GB\d{9}$/.test(id)) return false;
      const sum = weightedSum(id.slice(2), [8, 7, 6, 5, 4, 3, 2, 10, 1]);
      return remainder(String(sum), 97) === 0 || (sum + 55) % 97 === 0;
    },
    checksum: true,
    chance: 0.001,
  },
];
