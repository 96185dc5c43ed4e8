/**
 * Made-up identifiers. Each is a one-to-one function of the customer's number up to the size of its space, so that a
 * file of distinct customers has distinct values.
 */

/**
 * Spreads consecutive numbers over a range; one-to-one where `stride` and `range` share no factor. Exact up to
 * 50 million persons.
 */
function spread(person: number, stride: number, range: number): number {
  return (person * stride + 12_345) % range;
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

/** Numbers that are kept free for fiction: US 555-0100 to 555-0199, UK Ofcom's drama ranges. Some 19,400 of them. */
export function fictionalPhone(person: number): string {
  const american = areaCodes.length * 100;
  const slot = spread(person, 7_919, american + dramaRanges.length * 1_000);
  if (slot < american) {
    const area = areaCodes[Math.floor(slot / 100)];
    return `+1 ${area}-555-01${digits(slot % 100, 2)}`;
  }
  const prefix = dramaRanges[Math.floor((slot - american) / 1_000)];
  return `${prefix}${digits(slot % 1_000, 3)}`;
}

const areaCodes = (
  '202 205 207 208 212 213 214 216 225 228 231 239 252 253 254 256 260 262 267 270 276 301 302 303 304 305 307 308 309 ' +
  '310 312 313 314 316 317 318 319 320 321 323 330 334 336 337 339 347 351 352 360 361 386 401 402 404 405 406 407 408 ' +
  '409 410 412 413 414 415 417 419 423 425 432 434 435 440 443 469 478 479 480 501 502 503 504 505 507 508 509 510 512 ' +
  '513 515 516 517 518 520 530 540 541 551 559 561 562 563 567 570 571 573 574 580 585 586 601 602 603 605 606 607 608'
).split(' ');
const dramaRanges = [
  '+44 7700 900',
  ...['20 7946 0', '113 496 0', '114 496 0', '115 496 0', '116 496 0', '117 496 0', '118 496 0'].map(
    (rest) => `+44 ${rest}`,
  ),
];

/**
 * Shaped like a US social security number in area 800–899, which the Social Security Administration had never given out
 * before it began to draw numbers at random in 2011. Up to 98,990,100 of them.
 */
export function fictionalNationalId(person: number): string {
  const slot = spread(person, 61_803_391, 100 * 99 * 9_999);
  const area = 800 + (slot % 100);
  const group = 1 + (Math.floor(slot / 100) % 99);
  const serial = 1 + Math.floor(slot / 9_900);
  return `${area}-${digits(group, 2)}-${digits(serial, 4)}`;
}

/** Issuer prefixes that payment companies document for tests. */
const testCardPrefixes = ['424242', '400000', '555555', '411111', '601111'];

/** A card number under a test prefix with a right Luhn digit. Up to 5,000,000,000 of them. */
export function testCardNumber(person: number): string {
  const prefix = testCardPrefixes[person % testCardPrefixes.length] as string;
  const body = prefix + digits(spread(Math.floor(person / testCardPrefixes.length), 161_803_393, 999_999_937), 9);
  let sum = 0;
  for (let index = 0; index < 15; index += 1) {
    const digit = body.charCodeAt(index) - 48;
    const doubled = digit * 2;
    sum += index % 2 === 1 ? digit : doubled > 9 ? doubled - 9 : doubled;
  }
  return body + String((10 - (sum % 10)) % 10);
}

/** Country, made-up bank and branch, digits of the account number. `TEST` is nobody's bank code. */
const ibanShapes: readonly (readonly [country: string, bank: string, accountDigits: number])[] = [
  ['DE', '99999999', 10],
  ['GB', 'TEST999999', 8],
  ['NL', 'TEST', 10],
  ['FR', '9999999999', 11],
  ['ES', '99999999', 12],
];

const ibans = ibanShapes.map(([country, bank, accountDigits]) => ({
  country,
  bank,
  accountDigits,
  bankRest: remainder97(lettersToDigits(bank)),
  accountScale: remainder97(`1${'0'.repeat(accountDigits)}`),
  countryDigits: lettersToDigits(country),
}));

/** An IBAN of made-up banks with right check digits (ISO 13616). Up to 499,999,955 of them. */
export function fictionalIban(person: number): string {
  const shape = ibans[person % ibans.length] as (typeof ibans)[number];
  const account = spread(Math.floor(person / ibans.length), 61_803_391, 99_999_989);
  // French and Spanish accounts carry national check digits, which are left to chance.
  const bban = (shape.bankRest * shape.accountScale + (account % 97)) % 97;
  const rest = (bban * 1_000_000 + Number(shape.countryDigits) * 100) % 97;
  return `${shape.country}${digits(98 - rest, 2)}${shape.bank}${digits(account, shape.accountDigits)}`;
}

function lettersToDigits(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
}

function remainder97(text: string): number {
  let rest = 0;
  for (const digit of text) rest = (rest * 10 + Number(digit)) % 97;
  return rest;
}
