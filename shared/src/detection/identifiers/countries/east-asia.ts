import { isLongDateAt, isShortDateAt } from '../calendar.ts';
import { digitAt, isMod11And2, isRepeated, weightedSum } from '../checksums.ts';
import type { Definition } from '../definition.ts';

const isMyNumber = (id: string) => {
  const rest = weightedSum(id, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
  return !isRepeated(id) && (rest <= 1 ? 0 : 11 - rest) === digitAt(id, 11);
};

/** Since October 2020 the last six digits are random, so that a birth date and the digit for sex are all that remains. */
function isKorean(id: string): boolean | 'shaped' {
  if (!isShortDateAt(id, 0) || !/^[1-8]/.test(id.slice(6))) return false;
  const rest = (11 - (weightedSum(id, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11)) % 10;
  const foreigner = /^[5-8]/.test(id.slice(6));
  return (foreigner ? (rest + 2) % 10 : rest) === digitAt(id, 12) || rest === digitAt(id, 12) ? true : 'shaped';
}

const taiwanAreas = 'ABCDEFGHJKLMNPQRSTUVXYWZIO';
function isTaiwanese(id: string): boolean {
  const area = taiwanAreas.indexOf(id[0] ?? ' ') + 10;
  if (!/^[A-Z][1289A-D]\d{8}$/.test(id)) return false;
  const second = /[A-D]/.test(id[1] ?? '') ? String((taiwanAreas.indexOf(id[1] ?? '') + 10) % 10) : id[1];
  const digits = `${area}${second}${id.slice(2)}`;
  return weightedSum(digits, [1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1]) % 10 === 0;
}

/** Hong Kong: one or two letters, six digits, a check digit or A in brackets. */
function isHongKong(id: string): boolean {
  const padded = id.length === 8 ? ` ${id}` : id;
  if (!/^[ A-Z][A-Z]\d{6}[0-9A]$/.test(padded)) return false;
  const value = (character: string) =>
    character === ' ' ? 36 : /[A-Z]/.test(character) ? character.charCodeAt(0) - 55 : Number(character);
  let sum = 0;
  for (let i = 0; i < 9; i += 1) sum += value(padded[i] ?? '') * (9 - i);
  return sum % 11 === 0;
}

/** Identifiers of Japan, Korea, China, Taiwan and Hong Kong. */
export const eastAsia: readonly Definition[] = [
  {
    kind: 'jp-my-number',
    label: 'Japanese individual number (My Number)',
    countries: ['JP'],
    source: 'Ordinance 85 of 2014 of the Ministry of Internal Affairs: modulus 11',
    bare: ['999999999999', '9999 9999 9999', '9999-9999-9999'],
    words: ['my number', 'mynumber', 'マイナンバー', '個人番号', 'kojin bango', 'individual number'],
    check: isMyNumber,
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'jp-corporate-number',
    label: 'Japanese corporate number',
    countries: ['JP'],
    source: 'Ordinance 70 of 2014 of the Ministry of Finance: check digit 9 less the sum modulo 9',
    bare: ['9999999999999', 'A9999999999999'],
    words: ['法人番号', 'corporate number', 'hojin bango', '登録番号', 'インボイス'],
    check: (id) => {
      const digits = id.replace(/^T/, '');
      if (!/^[1-9]\d{12}$/.test(digits)) return false;
      return 9 - (weightedSum(digits.slice(1), [2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]) % 9) === digitAt(digits, 0);
    },
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'jp-passport',
    label: 'Japanese passport',
    countries: ['JP'],
    source: 'Ministry of Foreign Affairs: two letters, seven digits',
    bare: ['AA9999999'],
    words: ['旅券', 'パスポート', 'passport'],
    chance: 1,
  },
  {
    kind: 'jp-driver-license',
    label: 'Japanese driving licence',
    countries: ['JP'],
    source: 'National Police Agency: twelve digits beginning with the prefecture',
    bare: ['999999999999'],
    words: ['運転免許', '免許証', 'driver license'],
    check: (id) => /^(?:[1-8]\d|9[0-7])/.test(id),
    chance: 0.88,
  },
  {
    kind: 'kr-rrn',
    label: 'Korean resident or foreigner registration number',
    countries: ['KR'],
    source:
      'Resident Registration Act, enforcement rules: date of birth, modulus 11 for numbers issued before October 2020',
    firm: ['999999-9999999'],
    bare: ['9999999999999', '999999 9999999'],
    words: ['rrn', 'resident registration', '주민등록번호', '주민번호', '외국인등록번호', 'frn', 'alien registration'],
    check: isKorean,
    checksum: true,
    peculiar: true,
    chance: 0.0046,
  },
  {
    kind: 'kr-brn',
    label: 'Korean business registration number',
    countries: ['KR'],
    source: 'National Tax Service: weights 137137135 modulo 10',
    firm: ['999-99-99999'],
    bare: ['9999999999'],
    words: ['brn', '사업자등록번호', '사업자번호', 'business registration'],
    check: (id) => {
      const sum = weightedSum(id, [1, 3, 7, 1, 3, 7, 1, 3, 5]) + Math.floor((digitAt(id, 8) * 5) / 10);
      return /^[1-9]/.test(id) && (10 - (sum % 10)) % 10 === digitAt(id, 9);
    },
    checksum: true,
    chance: 0.09,
  },
  {
    kind: 'kr-driver-license',
    label: 'Korean driving licence',
    countries: ['KR'],
    source: 'National Police Agency: region 11 to 28, year, six digits, check, issue',
    firm: ['99-99-999999-99', '99 99 999999 99'],
    bare: ['999999999999'],
    words: ['운전면허', '면허번호', 'driver license', 'license'],
    check: (id) => /^(?:1[1-9]|2[0-68])/.test(id),
    chance: 0.17,
  },
  {
    kind: 'kr-passport',
    label: 'Korean passport',
    countries: ['KR'],
    source: 'Ministry of Foreign Affairs: M, S, R, G or D and eight characters',
    bare: ['A99999999', 'A999A9999'],
    words: ['여권', '여권번호', 'passport'],
    check: (id) => /^[MSRGD]/.test(id),
    chance: 0.19,
  },
  {
    kind: 'cn-resident-id',
    label: 'Chinese resident identity number',
    countries: ['CN'],
    source: 'GB 11643-1999: region, date of birth, ISO 7064 MOD 11-2',
    firm: ['99999999999999999X'],
    words: ['身份证', '公民身份号码', '居民身份证', 'shenfenzheng', 'resident id', 'id card'],
    check: (id) =>
      /^(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[123]|91)\d{15}[0-9X]$/.test(id) &&
      isLongDateAt(id, 6) &&
      isMod11And2(id),
    checksum: true,
    chance: 0.0001,
  },
  {
    kind: 'cn-passport',
    label: 'Chinese passport',
    countries: ['CN'],
    source: 'National Immigration Administration: E or G and eight characters',
    bare: ['A99999999', 'AA9999999'],
    words: ['护照', 'passport'],
    check: (id) => /^[EGDSPH]/.test(id),
    chance: 0.23,
  },
  {
    kind: 'tw-national-id',
    label: 'Taiwanese identity number',
    countries: ['TW'],
    source: 'Ministry of the Interior: area letter as two digits, weights 1987654321',
    bare: ['A999999999', 'AA99999999'],
    words: ['身分證', '身份證', '統一編號', 'national id', '居留證'],
    check: isTaiwanese,
    checksum: true,
    chance: 0.035,
  },
  {
    kind: 'hk-id',
    label: 'Hong Kong identity card',
    countries: ['HK'],
    source: 'Immigration Department: modulus 11',
    bare: ['A999999X', 'AA999999X'],
    words: ['hkid', '香港身份證', '身份證', 'identity card'],
    check: isHongKong,
    checksum: true,
    chance: 0.028,
  },
];
