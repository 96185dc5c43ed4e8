import { isAssignableSsn } from '../../us-ssn.ts';
import { digitAt, isLuhn, isRepeated, weightedSum } from '../checksums.ts';
import { type Definition, digitLayouts } from '../definition.ts';

/** Campus codes of the Internal Revenue Service; the rest were never assigned. */
const unusedEinPrefixes = new Set([
  '00',
  '07',
  '08',
  '09',
  '17',
  '18',
  '19',
  '28',
  '29',
  '49',
  '69',
  '70',
  '78',
  '79',
  '89',
  '96',
  '97',
]);

/** US identifiers of the SSA, the IRS, the Federal Reserve, CMS and the DEA. */
export const unitedStates: readonly Definition[] = [
  {
    kind: 'us-ssn',
    label: 'US social security number',
    countries: ['US'],
    source: 'SSA, randomization of 2011: areas 000, 666, 900–999, group 00, serial 0000 are never assigned',
    firm: ['999-99-9999', '999 99 9999', '999.99.9999'],
    bare: ['999999999', '99999-9999', '999-999999'],
    words: ['ssn', 'ssns', 'social security', 'soc sec', 'ss#', 'ssid'],
    check: isAssignableSsn,
    chance: 0.89,
  },
  {
    kind: 'us-itin',
    label: 'US individual taxpayer number',
    countries: ['US'],
    source: 'IRS, form W-7: 9xx with groups 50–65, 70–88, 90–92, 94–99',
    firm: ['999-99-9999', '999 99 9999'],
    bare: ['999999999'],
    words: ['itin', 'taxpayer', 'tax id', 'tin'],
    check: (id) => id[0] === '9' && /^(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])$/.test(id.slice(3, 5)),
    chance: 0.045,
  },
  {
    kind: 'us-ein',
    label: 'US employer identification number',
    countries: ['US'],
    source: 'IRS, valid EIN prefixes',
    bare: ['99-9999999', '999999999'],
    words: ['ein', 'fein', 'employer identification', 'employer id', 'federal tax'],
    check: (id) => !unusedEinPrefixes.has(id.slice(0, 2)),
    chance: 0.83,
  },
  {
    kind: 'us-npi',
    label: 'US national provider identifier',
    countries: ['US'],
    source: 'CMS, 45 CFR 162.406: Luhn over 80840 and the number',
    bare: ['9999999999'],
    words: ['npi', 'national provider', 'provider'],
    check: (id) => /^[12]/.test(id) && isLuhn(`80840${id}`),
    checksum: true,
    chance: 0.02,
  },
  {
    kind: 'us-aba-routing',
    label: 'US bank routing number',
    countries: ['US'],
    source: 'American Bankers Association, weights 3, 7, 1; Federal Reserve districts',
    firm: ['9999-9999-9'],
    bare: ['999999999'],
    words: ['aba', 'routing', 'rtn', 'routing transit', 'bankrouting', 'wire'],
    check: (id) =>
      /^(?:0[0-9]|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)/.test(id) &&
      !isRepeated(id) &&
      weightedSum(id, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0,
    checksum: true,
    chance: 0.038,
  },
  {
    kind: 'us-bank-account',
    label: 'US bank account number',
    countries: ['US'],
    source: 'NACHA operating rules: up to 17 characters',
    bare: digitLayouts(8, 17),
    words: ['bank account', 'account number', 'acct', 'checking', 'savings', 'bank', 'debit', 'deposit account'],
    chance: 1,
  },
  {
    kind: 'us-driver-license',
    label: 'US driver licence',
    countries: ['US'],
    source: 'AAMVA, formats by state',
    bare: [
      ...digitLayouts(7, 12),
      'A999999',
      'A9999999',
      'A99999999',
      'A999999999',
      'A999999999999',
      'A99999999999999',
      'AA999999',
      'A99-99-9999',
      'A999-999-99-999-9',
      'A999-9999-9999',
      'A9999-99999-99999',
    ],
    words: ['driver license', 'drivers license', 'driver licence', 'driving license', 'dl', 'license', 'permit'],
    chance: 1,
  },
  {
    kind: 'us-dea',
    label: 'US DEA registration of a prescriber',
    countries: ['US'],
    source: 'DEA Diversion Control, 21 CFR 1301: registrant code, initial, check digit',
    bare: ['AA9999999', 'A99999999'],
    words: ['dea', 'medical license', 'certificate', 'prescriber', 'practitioner', 'registration'],
    check: (id) => {
      const d = (index: number) => digitAt(id, index + 2);
      if (!/^[ABCDEFGHJKLMPRSTUX][A-Z9]/.test(id)) return false;
      return (d(0) + d(2) + d(4) + 2 * (d(1) + d(3) + d(5))) % 10 === d(6);
    },
    checksum: true,
    chance: 0.07,
  },
  {
    kind: 'us-mbi',
    label: 'US Medicare beneficiary identifier',
    countries: ['US'],
    source: 'CMS, Understanding the MBI format: letters without S, L, O, I, B, Z',
    firm: ['9AX9-AX9-AA99', '9AX9AX9AA99'],
    words: ['mbi', 'medicare'],
    check: (id) =>
      /^[1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y]{2}\d\d$/.test(
        id,
      ),
    chance: 0.22,
  },
];
