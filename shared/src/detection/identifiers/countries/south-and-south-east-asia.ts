import { isCalendarDate, isShortDateAt } from '../calendar.ts';
import { digitAt, weightedSum } from '../checksums.ts';
import type { Definition } from '../definition.ts';

function isSingaporean(id: string): boolean | 'shaped' {
  const first = id[0] ?? '';
  if (!/^[STFGM]\d{7}[A-Z]$/.test(id)) return false;
  const offset = first === 'T' || first === 'G' ? 4 : first === 'M' ? 3 : 0;
  const rest = (weightedSum(id.slice(1), [2, 7, 6, 5, 4, 3, 2]) + offset) % 11;
  const letters = first === 'S' || first === 'T' ? 'JZIHGFEDCBA' : first === 'M' ? 'XWUTRQPNJLK' : 'XWUTRQPNMLK';
  return (first === 'M' ? letters[10 - rest] : letters[rest]) === id[8] ? true : 'shaped';
}

/** Identifiers of Singapore, Malaysia, Indonesia, Thailand, Vietnam, the Philippines, Pakistan and Sri Lanka. */
export const southAndSouthEastAsia: readonly Definition[] = [
  {
    kind: 'sg-nric',
    label: 'Singaporean NRIC or FIN',
    countries: ['SG'],
    source: 'Immigration and Checkpoints Authority: weights 2765432 modulo 11, M series since 2022',
    firm: ['A9999999A'],
    words: ['nric', 'fin', 'identification'],
    check: isSingaporean,
    checksum: true,
    chance: 0.0074,
  },
  {
    kind: 'sg-uen',
    label: 'Singaporean entity number (UEN)',
    countries: ['SG'],
    source: 'ACRA, UEN structure',
    bare: ['99999999A', '999999999A', 'A99AA9999A'],
    words: ['uen', 'entity number', 'business registration'],
    check: (id) =>
      id.length === 9
        ? 'XMKECAWLJDB'[weightedSum(id, [10, 4, 9, 3, 8, 2, 7, 1]) % 11] === id[8]
        : id.length === 10 && /^(?:1[89]|20)\d/.test(id)
          ? 'ZKCMDNERGWH'[weightedSum(id, [10, 8, 6, 4, 9, 7, 5, 3, 1]) % 11] === id[9]
          : /^[RST]\d\d[A-Z]{2}\d{4}[A-Z]$/.test(id)
            ? 'shaped'
            : false,
    checksum: true,
    chance: 0.034,
  },
  {
    kind: 'my-nric',
    label: 'Malaysian identity card (MyKad)',
    countries: ['MY'],
    source: 'Jabatan Pendaftaran Negara, National Registration Regulations 1990: date of birth and place',
    firm: ['999999-99-9999'],
    bare: ['999999999999'],
    words: ['mykad', 'nric', 'kad pengenalan', 'ic', 'no kp'],
    check: (id) => isShortDateAt(id, 0) && !/^(?:00|1[789]|20|69|7[03]|8[01]|9[4567])/.test(id.slice(6)),
    chance: 0.032,
  },
  {
    kind: 'id-nik',
    label: 'Indonesian identity number (NIK)',
    countries: ['ID'],
    source: 'Law 24 of 2013: province, date of birth with 40 added to the day of women',
    bare: ['9999999999999999'],
    words: ['nik', 'ktp', 'nomor induk kependudukan', 'induk kependudukan'],
    check: (id) => {
      const day = Number(id.slice(6, 8));
      return (
        /^(?:1[1-9]|21|3[1-6]|5[1-3]|6[1-5]|7[1-6]|8[12]|9[1-7])/.test(id) &&
        isCalendarDate(undefined, Number(id.slice(8, 10)), day > 40 ? day - 40 : day) &&
        !id.endsWith('0000')
      );
    },
    chance: 0.03,
  },
  {
    kind: 'th-national-id',
    label: 'Thai identity number',
    countries: ['TH'],
    source: 'Department of Provincial Administration: modulus 11',
    firm: ['9-9999-99999-99-9', '9 9999 99999 99 9'],
    bare: ['9999999999999'],
    words: ['เลขประจำตัวประชาชน', 'บัตรประชาชน', 'thai id', 'national id', 'citizen id'],
    check: (id) =>
      /^[1-8]/.test(id) &&
      (11 - (weightedSum(id, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 10 === digitAt(id, 12),
    checksum: true,
    chance: 0.075,
  },
  {
    kind: 'vn-cccd',
    label: 'Vietnamese citizen identity number',
    countries: ['VN'],
    source: 'Decree 137/2015: province, century and sex, year of birth',
    bare: ['999999999999'],
    words: ['cccd', 'can cuoc', 'cmnd', 'căn cước công dân', 'so cmnd'],
    check: (id) => /^0(?:0[1246-8]|[1-8]\d|9[1-6])[0-3]/.test(id),
    chance: 0.036,
  },
  {
    kind: 'ph-sss',
    label: 'Philippine social security or taxpayer number',
    countries: ['PH'],
    source: 'SSS and BIR, written formats',
    bare: ['99-9999999-9', '999-999-999-999', '9999999999', '999-999-999', '9999-9999999-9', '99-999999999-9'],
    words: ['sss', 'gsis', 'tin', 'philhealth', 'pag ibig', 'umid', 'crn'],
    chance: 1,
  },
  {
    kind: 'pk-cnic',
    label: 'Pakistani identity card (CNIC)',
    countries: ['PK'],
    source: 'NADRA ordinance 2000: region, family, digit for sex',
    firm: ['99999-9999999-9'],
    bare: ['9999999999999'],
    words: ['cnic', 'nic', 'nadra', 'nicop'],
    check: (id) => /^[1-7]/.test(id) && !id.endsWith('0'),
    chance: 0.63,
  },
  {
    kind: 'lk-nic',
    label: 'Sri Lankan identity card',
    countries: ['LK'],
    source: 'Department for Registration of Persons: year, day of the year with 500 added for women',
    bare: ['999999999A', '999999999999'],
    words: ['nic', 'national identity'],
    check: (id) => {
      const day = Number(id.length === 10 ? id.slice(2, 5) : id.slice(4, 7)) % 500;
      return day >= 1 && day <= 366 && (id.length === 10 ? /[VX]$/.test(id) : /^(?:19|20)/.test(id));
    },
    chance: 0.057,
  },
];
