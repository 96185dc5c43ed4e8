/** Value of a character in the alphabets of ISO 7064 and ISO 7812: digits as they are, `A` is 10, `Z` is 35. */
export function valueAt(text: string, index: number): number {
  const code = text.charCodeAt(index);
  return code <= 57 ? code - 48 : code - 55;
}

/** Sum of the characters' values times the weights, from the left; characters without a weight don't count. */
export function weightedSum(text: string, weights: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i += 1) sum += valueAt(text, i) * (weights[i] ?? 0);
  return sum;
}

/** The digit at an index. */
export function digitAt(text: string, index: number): number {
  return text.charCodeAt(index) - 48;
}

/** Luhn's checksum (ISO/IEC 7812-1, annex B); letters count as two digits, as in ISO 6166. */
export function isLuhn(text: string): boolean {
  let sum = 0;
  let double = false;
  const add = (digit: number) => {
    sum += double ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
    double = !double;
  };
  for (let i = text.length - 1; i >= 0; i -= 1) {
    const value = valueAt(text, i);
    add(value % 10);
    if (value > 9) add(Math.floor(value / 10));
  }
  return sum % 10 === 0;
}

/** Remainder of a decimal number of any length. */
export function remainder(digits: string, modulus: number): number {
  let rest = 0;
  for (let i = 0; i < digits.length; i += 1) rest = (rest * 10 + digitAt(digits, i)) % modulus;
  return rest;
}

/** ISO 7064 MOD 11,10 over digits of which the last is the check digit. */
export function isMod11And10(digits: string): boolean {
  let product = 10;
  for (let i = 0; i < digits.length - 1; i += 1) {
    const sum = (digitAt(digits, i) + product) % 10;
    product = ((sum === 0 ? 10 : sum) * 2) % 11;
  }
  return (11 - product) % 10 === digitAt(digits, digits.length - 1);
}

/** ISO 7064 MOD 11-2: digits with a last character that may be `X`. */
export function isMod11And2(text: string): boolean {
  let rest = 0;
  for (let i = 0; i < text.length - 1; i += 1) rest = ((rest + digitAt(text, i)) * 2) % 11;
  const last = text.at(-1) === 'X' ? 10 : digitAt(text, text.length - 1);
  return (rest + last) % 11 === 1;
}

const product = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
];
const permutation = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
];

/** J. Verhoeff's dihedral check digit (Error Detecting Decimal Codes, 1969). */
export function isVerhoeff(digits: string): boolean {
  let state = 0;
  for (let i = 0; i < digits.length; i += 1) {
    const digit = digitAt(digits, digits.length - 1 - i);
    const permuted = digitAt(permutation[i % 8] ?? '', digit);
    state = digitAt(product[state] ?? '', permuted);
  }
  return state === 0;
}

/** Weights 7, 3, 1 in turn, modulo 10 (ICAO Doc 9303 part 3): the last digit is the check digit. */
export function isIcao731(text: string): boolean {
  const body = text.length - 1;
  let sum = 0;
  for (let i = 0; i < body; i += 1) sum += valueAt(text, i) * ([7, 3, 1][i % 3] ?? 0);
  return sum % 10 === valueAt(text, body);
}

/** Whether all characters are the same: `000000000`, `1111111`. */
export function isRepeated(text: string): boolean {
  for (let i = 1; i < text.length; i += 1) if (text.charCodeAt(i) !== text.charCodeAt(0)) return false;
  return true;
}
