import { isShortDateAt } from '../calendar.ts';
import { digitAt, isLuhn, isRepeated, weightedSum } from '../checksums.ts';
import type { Definition } from '../definition.ts';

const curpStates =
  /^(?:AS|BC|BS|CC|CS|CH|CL|CM|DF|DG|GT|GR|HG|JC|MC|MN|MS|NT|NL|OC|PL|QT|QR|SP|SL|SR|TC|TS|TL|VZ|YN|ZS|NE)$/;
const curpAlphabet = '0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ';

function isCurp(id: string): boolean {
  if (!/^[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[0-9A-Z]\d$/.test(id)) return false;
  if (!isShortDateAt(id, 4) || !curpStates.test(id.slice(11, 13))) return false;
  let sum = 0;
  // The alphabet has Ñ after N; the characters of a CURP itself never include it.
  for (let i = 0; i < 17; i += 1) sum += curpAlphabet.indexOf(id[i] ?? '') * (18 - i);
  return (10 - (sum % 10)) % 10 === digitAt(id, 17);
}

function isRfc(id: string): boolean | 'shaped' {
  const body = id.length === 13 ? id : ` ${id}`;
  if (!/^[ A-Z][A-Z]{3}\d{6}[0-9A-Z]{2}[0-9A]$/.test(body) || !isShortDateAt(body, 4)) return false;
  let sum = 0;
  for (let i = 0; i < 12; i += 1) sum += '0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ '.indexOf(body[i] ?? '') * (13 - i);
  const check = (11 - (sum % 11)) % 11;
  return (check === 10 ? 'A' : String(check)) === body[12] ? true : 'shaped';
}

/** Chile: modulus 11 with `K` for 10. */
function isRut(id: string): boolean {
  let sum = 0;
  for (let i = id.length - 2, weight = 2; i >= 0; i -= 1, weight = weight === 7 ? 2 : weight + 1) {
    sum += digitAt(id, i) * weight;
  }
  return '0K987654321'[sum % 11] === id.at(-1) && /^\d{7,8}[0-9K]$/.test(id) && !isRepeated(id.slice(0, -1));
}

/** Spanish-speaking countries of America. */
export const latinAmerica: readonly Definition[] = [
  {
    kind: 'mx-curp',
    label: 'Mexican population registry code (CURP)',
    countries: ['MX'],
    source: 'RENAPO, instructivo normativo of 2021: date of birth, state, check digit modulo 10',
    firm: ['AAAA999999AAAAAAX9'],
    words: ['curp', 'clave unica'],
    check: isCurp,
    checksum: true,
    chance: 0.00001,
  },
  {
    kind: 'mx-rfc',
    label: 'Mexican taxpayer code (RFC)',
    countries: ['MX'],
    source: 'SAT, Código Fiscal de la Federación art. 27: date, check character modulo 11',
    firm: ['AAAA999999XXX', 'AAA999999XXX', 'AAAA-999999-XXX'],
    words: ['rfc', 'registro federal'],
    check: isRfc,
    checksum: true,
    peculiar: true,
    chance: 0.001,
  },
  {
    kind: 'mx-nss',
    label: 'Mexican social security number (NSS)',
    countries: ['MX'],
    source: 'IMSS, reglamento de afiliación: Luhn',
    bare: ['99999999999', '99-99-99-9999-9'],
    words: ['nss', 'imss', 'seguro social'],
    check: isLuhn,
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'ar-cuit',
    label: 'Argentine tax number (CUIT/CUIL)',
    countries: ['AR'],
    source: 'AFIP, resolución general 10/97: modulus 11',
    firm: ['99-99999999-9'],
    bare: ['99999999999'],
    words: ['cuit', 'cuil'],
    check: (id) => {
      if (!/^(?:2[0347]|3[034]|5[015])/.test(id)) return false;
      const check = (11 - (weightedSum(id, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
      return (check === 10 ? 9 : check) === digitAt(id, 10);
    },
    checksum: true,
    chance: 0.011,
  },
  {
    kind: 'ar-dni',
    label: 'Argentine identity number (DNI)',
    countries: ['AR'],
    source: 'RENAPER, ley 17671: seven or eight digits',
    bare: ['99.999.999', '9.999.999', '99999999', '9999999'],
    words: ['dni', 'documento'],
    chance: 1,
  },
  {
    kind: 'cl-rut',
    label: 'Chilean tax and identity number (RUT/RUN)',
    countries: ['CL'],
    source: 'Registro Civil, decreto ley 3: modulus 11 with K',
    firm: ['99.999.999-X', '9.999.999-X', '99999999-X'],
    bare: ['9999999-X', '99999999X', '9999999X'],
    words: ['rut', 'run', 'rol unico'],
    check: isRut,
    checksum: true,
    chance: 0.034,
  },
  {
    kind: 'co-nit',
    label: 'Colombian tax number (NIT)',
    countries: ['CO'],
    source: 'DIAN, orden administrativa 4/1989: prime weights modulo 11',
    firm: ['999.999.999-9'],
    bare: ['999999999-9', '9999999999'],
    words: ['nit', 'rut'],
    check: (id) => {
      const sum = weightedSum(id, [41, 37, 29, 23, 19, 17, 13, 7, 3]) % 11;
      return (sum < 2 ? sum : 11 - sum) === digitAt(id, 9);
    },
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'co-cedula',
    label: 'Colombian identity number',
    countries: ['CO'],
    source: 'Registraduría Nacional: six to ten digits',
    bare: ['99999999', '9999999999', '99.999.999', '9.999.999.999', '9999999'],
    words: ['cedula', 'cedula ciudadania', 'cc'],
    chance: 1,
  },
  {
    kind: 'ec-ci',
    label: 'Ecuadorian identity number',
    countries: ['EC'],
    source: 'Registro Civil, acuerdo 1968: province, Luhn',
    bare: ['9999999999', '999999999-9'],
    words: ['cedula', 'cedula identidad', 'ruc'],
    check: (id) => /^(?:0[1-9]|1\d|2[0-4]|30|50)[0-6]/.test(id) && isLuhn(id),
    checksum: true,
    chance: 0.018,
  },
  {
    kind: 'pe-ruc',
    label: 'Peruvian tax number (RUC)',
    countries: ['PE'],
    source: 'SUNAT: modulus 11',
    bare: ['99999999999'],
    words: ['ruc'],
    check: (id) =>
      /^(?:10|15|17|20)/.test(id) &&
      (11 - (weightedSum(id, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 10 === digitAt(id, 10),
    checksum: true,
    chance: 0.0042,
  },
  {
    kind: 'uy-ci',
    label: 'Uruguayan identity number',
    countries: ['UY'],
    source: 'Dirección Nacional de Identificación Civil: weights 2987634 modulo 10',
    firm: ['9.999.999-9'],
    bare: ['99999999', '9999999-9'],
    words: ['cedula', 'ci', 'cedula identidad'],
    check: (id) => (10 - (weightedSum(id, [2, 9, 8, 7, 6, 3, 4]) % 10)) % 10 === digitAt(id, 7),
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'do-cedula',
    label: 'Dominican identity number',
    countries: ['DO'],
    source: 'Junta Central Electoral: Luhn',
    firm: ['999-9999999-9'],
    bare: ['99999999999'],
    words: ['cedula', 'cedula identidad'],
    check: (id) => isLuhn(id) && !isRepeated(id),
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'gt-cui',
    label: 'Guatemalan identity number (CUI)',
    countries: ['GT'],
    source: 'RENAP, decreto 90-2005: modulus 11, department and municipality',
    firm: ['9999 99999 9999'],
    bare: ['9999999999999'],
    words: ['cui', 'dpi'],
    check: (id) =>
      Number(id.slice(9, 11)) >= 1 &&
      Number(id.slice(9, 11)) <= 22 &&
      weightedSum(id, [2, 3, 4, 5, 6, 7, 8, 9]) % 11 === digitAt(id, 8),
    checksum: true,
    chance: 0.02,
  },
];
