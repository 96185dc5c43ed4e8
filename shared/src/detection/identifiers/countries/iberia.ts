import { digitAt, isRepeated, valueAt, weightedSum } from '../checksums.ts';
import type { Definition } from '../definition.ts';

const dniLetters = 'TRWAGMYFPDXBNJZSQVHLCKE';
const cifLetters = 'JABCDEFGHI';

function isCif(id: string): boolean {
  let sum = 0;
  for (let i = 1; i <= 7; i += 1) {
    const product = digitAt(id, i) * (i % 2 === 1 ? 2 : 1);
    sum += Math.floor(product / 10) + (product % 10);
  }
  const check = (10 - (sum % 10)) % 10;
  const last = id[8] ?? '';
  // Public bodies and foreign companies have a letter, companies a digit, the rest either.
  if ('KNPQRSW'.includes(id[0] ?? '')) return last === cifLetters[check];
  if ('ABEH'.includes(id[0] ?? '')) return last === String(check);
  return last === String(check) || last === cifLetters[check];
}

/** Remainder by 11 of a number with falling weights, as Portuguese tax and social numbers have. */
function portugueseCheck(id: string): boolean {
  const check = 11 - (weightedSum(id, [9, 8, 7, 6, 5, 4, 3, 2]) % 11);
  return (check > 9 ? 0 : check) === digitAt(id, 8);
}

/** Spanish and Portuguese identifiers. */
export const iberia: readonly Definition[] = [
  {
    kind: 'es-dni',
    label: 'Spanish identity number (DNI)',
    countries: ['ES'],
    source: 'Real Decreto 1553/2005; Ministerio del Interior, letter by remainder of 23',
    firm: [
      '99999999A',
      '99999999-A',
      '9999999A',
      '9999999-A',
      '99.999.999-A',
      '99.999.999A',
      '99999999 A',
      '9.999.999-A',
    ],
    words: ['dni', 'nif', 'documento nacional', 'identidad'],
    check: (id) => dniLetters[Number(id.slice(0, -1)) % 23] === id.at(-1),
    checksum: true,
    chance: 0.0385,
  },
  {
    kind: 'es-nie',
    label: 'Spanish foreigner number (NIE)',
    countries: ['ES'],
    source: 'Real Decreto 557/2011; Ministerio del Interior, letter by remainder of 23',
    firm: ['A9999999A', 'A-9999999-A', 'A9999999-A', 'A-9999999A'],
    words: ['nie', 'extranjero', 'nif'],
    check: (id) => {
      const first = 'XYZ'.indexOf(id[0] ?? ' ');
      return first >= 0 && dniLetters[Number(`${first}${id.slice(1, 8)}`) % 23] === id[8];
    },
    checksum: true,
    chance: 0.0045,
  },
  {
    kind: 'es-cif',
    label: 'Spanish company tax number (CIF)',
    countries: ['ES'],
    source: 'Orden EHA/451/2008: check digit or letter',
    firm: ['A-9999999X', 'A-9999999-X'],
    bare: ['A9999999X'],
    words: ['cif', 'nif', 'empresa'],
    check: (id) => /^[ABCDEFGHJNPQRSUVW]\d{7}[0-9A-J]$/.test(id) && isCif(id),
    checksum: true,
    chance: 0.027,
  },
  {
    kind: 'es-nss',
    label: 'Spanish social security number',
    countries: ['ES'],
    source: 'Tesorería General de la Seguridad Social: remainder by 97',
    firm: ['99/99999999/99', '99 99999999 99', '99-99999999-99'],
    bare: ['999999999999', '99/9999999999', '99 9999999999'],
    words: ['nss', 'naf', 'seguridad social', 'afiliacion'],
    check: (id) => {
      const province = Number(id.slice(0, 2));
      if (province === 0 || province > 66) return false;
      const number = Number(id.slice(2, 10));
      const whole = number < 10_000_000 ? number + province * 10_000_000 : Number(id.slice(0, 10));
      return whole % 97 === Number(id.slice(10));
    },
    checksum: true,
    chance: 0.0066,
  },
  {
    kind: 'pt-nif',
    label: 'Portuguese tax number (NIF)',
    countries: ['PT'],
    source: 'Autoridade Tributária, Decreto-Lei 14/2013: modulus 11',
    bare: ['999999999', '999 999 999', 'AA999999999'],
    words: ['nif', 'contribuinte', 'fiscal', 'nipc', 'vat'],
    check: (id) => {
      const digits = id.replace(/^PT/, '');
      return (
        /^(?:[1235689]\d{8}|45\d{7}|7[0-24-57-9]\d{7})$/.test(digits) && !isRepeated(digits) && portugueseCheck(digits)
      );
    },
    checksum: true,
    chance: 0.077,
  },
  {
    kind: 'pt-citizen-card',
    label: 'Portuguese citizen card',
    countries: ['PT'],
    source: 'AMA, Cartão de Cidadão: check digit over letters and digits',
    firm: ['99999999 9 XX9', '999999999XX9', '99999999-9-XX9'],
    words: ['cartao de cidadao', 'cartao cidadao', 'bilhete de identidade', 'cc'],
    check: (id) => {
      if (!/[A-Z]/.test(id)) return false;
      let sum = 0;
      for (let i = 0; i < 12; i += 1) {
        const value = valueAt(id, i) * (i % 2 === 0 ? 2 : 1);
        sum += i % 2 === 0 && value > 9 ? value - 9 : value;
      }
      return sum % 10 === 0;
    },
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'pt-niss',
    label: 'Portuguese social security number',
    countries: ['PT'],
    source: 'Instituto da Segurança Social, NISS: prime weights modulo 10',
    bare: ['99999999999', '999 999 999 99'],
    words: ['niss', 'seguranca social'],
    check: (id) =>
      /^[12]/.test(id) && 9 - (weightedSum(id, [29, 23, 19, 17, 13, 11, 7, 5, 3, 2]) % 10) === digitAt(id, 10),
    checksum: true,
    chance: 0.02,
  },
  {
    kind: 'es-passport',
    label: 'Spanish passport',
    countries: ['ES'],
    source: 'Real Decreto 896/2003: two or three letters and six digits',
    bare: ['AAA999999', 'AA999999', 'AAA999999A'],
    words: ['pasaporte', 'passport'],
    chance: 1,
  },
];
