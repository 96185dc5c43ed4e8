import { findIdentifiers } from '@sdp/shared/detection';
import examples from 'libphonenumber-js/examples.mobile';
import {
  type CountryCode,
  getCountries,
  getExampleNumber,
  type PhoneNumber,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max';
import { expect, test } from 'vitest';
import { seededRandom } from './generated-values.ts';

/** Three and more groups that begin so may be a date. */
const beginsWithYear = /^(?:19|20)\d\d\b/;

/** Sentences whose words announce a number. */
const announcing: readonly ((number: string) => string)[] = [
  (number) => `Call ${number} tomorrow.`,
  (number) => `Tel.: ${number}`,
  (number) => `my phone (${number}). Then 3 more`,
  (number) => `"phone";"${number}";next`,
  (number) => `call me\n${number}\nthanks`,
  (number) => `请致电话${number}联系`,
  (number) => `هاتف: ${number} شكرا`,
  (number) => `phone ${number}, ${number}`,
  (number) => `phone ${number} / ${number}`,
  (number) => `phone ${number} ${number}`,
];
const silent: readonly ((number: string) => string)[] = [
  (number) => number,
  (number) => `We met (${number}) yesterday`,
  (number) => `"${number}", he wrote`,
];

/** Numbers that are valid in their country: the published example with most of its digits changed. */
function numbersOf(country: CountryCode, count: number, random: () => number): PhoneNumber[] {
  const example = getExampleNumber(country, examples);
  const found: PhoneNumber[] = [];
  for (let attempt = 0; example !== undefined && attempt < 300 && found.length < count; attempt += 1) {
    const kept = Math.floor(random() * 3);
    const digits = [...example.nationalNumber].map((digit, at) => (at < kept ? digit : Math.floor(random() * 10)));
    const number = parsePhoneNumberFromString(`+${example.countryCallingCode}${digits.join('')}`);
    if (number?.isValid() === true && number.country === country) found.push(number);
  }
  return found;
}

/** Digits and signs of the spelling that no find covers, wherever it stands in the text. */
function leftOver(text: string, spelling: string, region?: string): string {
  const finds = findIdentifiers(text, region === undefined ? {} : { region });
  const rest = [...text].filter((_, at) => !finds.some(({ start, end }) => start <= at && at < end)).join('');
  const around = text.replaceAll(spelling, '');
  const kept = (within: string) => within.replace(/[^\d+]/g, '').length;
  return kept(rest) === kept(around) ? '' : rest;
}

const random = seededRandom(4711);
const numbers = getCountries().flatMap((country) => numbersOf(country, 2, random));

test('there are numbers of nearly all countries', () => {
  expect(new Set(numbers.map(({ country }) => country)).size).toBeGreaterThan(200);
});

test('a number with its country’s code is replaced whole, announced or not', () => {
  for (const number of numbers) {
    for (const spelling of [number.number, number.formatInternational(), number.getURI().slice(4)]) {
      for (const sentence of [...announcing, ...silent])
        expect(leftOver(sentence(spelling), spelling), number.country).toBe('');
    }
  }
});

test('of an announced number no digit is left, however it is written', () => {
  for (const number of numbers) {
    const abroad = number.formatInternational().slice(1);
    const spellings = [number.formatNational(), number.nationalNumber, `00${abroad}`, `011 ${abroad}`];
    for (const spelling of spellings) {
      if (spelling.replace(/\D/g, '').length < 7) continue;
      for (const sentence of announcing) expect(leftOver(sentence(spelling), spelling), number.country).toBe('');
    }
  }
});

test('a national number in groups is replaced whole where its region is known', () => {
  for (const number of numbers) {
    const spelling = number.formatNational();
    const digits = spelling.replace(/\D/g, '');
    if (digits === spelling || digits.length < 7 || beginsWithYear.test(spelling)) continue;
    for (const sentence of silent)
      expect(leftOver(sentence(spelling), spelling, number.country), number.country).toBe('');
  }
});
