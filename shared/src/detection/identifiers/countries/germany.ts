import { isReversedDateAt } from '../calendar.ts';
import { digitAt, isIcao731, isMod11And10, isRepeated } from '../checksums.ts';
import type { Definition } from '../definition.ts';

/** Ten digits of which exactly one occurs two or three times, never three in a row (BZSt, identification number). */
function hasIdRepetition(id: string): boolean {
  const counts = new Map<string, number>();
  for (const digit of id.slice(0, 10)) counts.set(digit, (counts.get(digit) ?? 0) + 1);
  const repeated = [...counts.values()].filter((count) => count > 1);
  return repeated.length === 1 && (repeated[0] ?? 0) <= 3 && !/(\d)\1\1/.test(id.slice(0, 10));
}

/** Digits times weights, each product replaced by the sum of its digits, as pension and health numbers do. */
function crossSum(digits: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, index) => {
    const product = digitAt(digits, index) * weight;
    return sum + Math.floor(product / 10) + (product % 10);
  }, 0);
}

const letterDigits = (letter: string) => String(letter.charCodeAt(0) - 64).padStart(2, '0');
const documentNumber = /^[CFGHJKLMNPRTVWXYZ][0-9CFGHJKLMNPRTVWXYZ]{8}\d?$/;
const isDocument = (id: string, first: RegExp) =>
  first.test(id) && documentNumber.test(id) && /\d.*\d.*\d/.test(id) && (id.length === 9 || isIcao731(id));

/** German identifiers. */
export const germany: readonly Definition[] = [
  {
    kind: 'de-tax-id',
    label: 'German tax identification number',
    countries: ['DE'],
    source: 'BZSt, section 139b AO: ISO 7064 MOD 11,10 and one digit that occurs two or three times',
    firm: ['99 999 999 999'],
    bare: ['99999999999', '99/999/999/999'],
    words: [
      'steuer id',
      'steueridentifikation',
      'steuer identifikation',
      'idnr',
      'tin',
      'steuer',
      'steuerid',
      'identifikation',
      'tax id',
    ],
    check: (id) => id[0] !== '0' && hasIdRepetition(id) && isMod11And10(id),
    checksum: true,
    chance: 0.0034,
  },
  {
    kind: 'de-tax-number',
    label: 'German tax number',
    countries: ['DE'],
    source: 'ELSTER, tax numbers by state and the unified scheme of 13 digits',
    firm: ['999/999/99999', '999/9999/9999', '99/999/99999', '99/9999/9999', '99/999/9999'],
    bare: ['9999999999999', '999 999 99999', '99 999 99999'],
    words: ['steuer', 'st nr', 'stnr', 'steuernr', 'tax number'],
    check: (id) => !isRepeated(id),
    chance: 1,
  },
  {
    kind: 'de-id-card',
    label: 'German identity card',
    countries: ['DE'],
    source: 'BSI TR-03127: serial number of nine characters; ICAO Doc 9303 check digit as the tenth',
    bare: ['AXXXXXXXX', 'AXXXXXXXX9'],
    words: ['personalausweis', 'ausweis', 'ausweisnr', 'perso', 'id card', 'identity card', 'dokument'],
    check: (id) => isDocument(id, /^[LMNPRTVWXY]/) || /^T\d{8}$/.test(id),
    chance: 0.026,
  },
  {
    kind: 'de-passport',
    label: 'German passport',
    countries: ['DE'],
    source: 'BSI TR-03127, passport regulation: serial number beginning with C, F, G, H, J, K; ICAO Doc 9303',
    bare: ['AXXXXXXXX', 'AXXXXXXXX9'],
    words: ['reisepass', 'pass', 'passport', 'passnr', 'pass nr'],
    check: (id) => isDocument(id, /^[CFGHJK]/),
    chance: 0.014,
  },
  {
    kind: 'de-pension',
    label: 'German pension insurance number',
    countries: ['DE'],
    source: 'Deutsche Rentenversicherung, VKVV section 4: date of birth, initial, check digit',
    firm: ['99999999A999', '99 999999 A 999'],
    words: ['rentenversicherung', 'versicherung', 'sozialversicherung', 'rvnr', 'rv nr', 'sv nr', 'svnr', 'vsnr'],
    check: (id) => {
      if (!/^\d{8}[A-Z]\d{3}$/.test(id)) return false;
      const day = digitAt(id, 2) >= 5 ? `${digitAt(id, 2) - 5}${id[3]}` : id.slice(2, 4);
      if (!isReversedDateAt(`${day}${id.slice(4, 8)}`, 0)) return false;
      const digits = id.slice(0, 8) + letterDigits(id[8] ?? '') + id.slice(9, 11);
      return crossSum(digits, [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]) % 10 === digitAt(id, 11);
    },
    checksum: true,
    chance: 0.0075,
  },
  {
    kind: 'de-health',
    label: 'German health insurance number',
    countries: ['DE'],
    source: 'GKV-Spitzenverband, section 290 SGB V: modified Luhn over the letter as two digits',
    bare: ['A999999999'],
    words: [
      'krankenversicherung',
      'krankenversicherten',
      'kvnr',
      'versicherten',
      'krankenkasse',
      'gesundheitskarte',
      'egk',
      'versicherung',
    ],
    check: (id) =>
      crossSum(letterDigits(id[0] ?? '') + id.slice(1, 9), [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]) % 10 === digitAt(id, 9),
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'de-vat',
    label: 'German VAT identification',
    countries: ['DE'],
    source: 'BZSt, section 27a UStG: ISO 7064 MOD 11,10',
    firm: ['AA999999999', 'AA=999999999', 'AA=999=999=999'],
    words: ['ust id', 'ustid', 'ust idnr', 'umsatzsteuer', 'vat', 'mwst'],
    check: (id) => id.startsWith('DE') && id[2] !== '0' && (isMod11And10(id.slice(2)) || 'shaped'),
    checksum: true,
    chance: 0.00014,
  },
  {
    kind: 'de-physician',
    label: 'German physician number (LANR)',
    countries: ['DE'],
    source: 'KBV, guideline to section 75 (7) SGB V: weights 4 and 9 in turn, modulo 10',
    bare: ['999999999'],
    words: ['lanr', 'arzt', 'arztnr', 'physician'],
    check: (id) => {
      let sum = 0;
      for (let i = 0; i < 6; i += 1) sum += digitAt(id, i) * (i % 2 === 0 ? 4 : 9);
      return (10 - (sum % 10)) % 10 === digitAt(id, 6);
    },
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'de-practice',
    label: 'German practice number (BSNR)',
    countries: ['DE'],
    source: 'KBV, guideline to section 75 (7) SGB V: region of the association and seven digits',
    bare: ['999999999'],
    words: ['bsnr', 'betriebsstatte', 'betriebsstatten', 'praxis'],
    check: (id) => !id.startsWith('00'),
    chance: 0.99,
  },
  {
    kind: 'de-commercial-register',
    label: 'German commercial register number',
    countries: ['DE'],
    source: 'Handelsregisterverordnung section 8: divisions HRA and HRB',
    firm: ['AAA 9', 'AAA 99', 'AAA 999', 'AAA 9999', 'AAA 99999', 'AAA 999999'].flatMap((layout) => [
      layout,
      layout.replace(' ', ''),
    ]),
    words: ['handelsregister', 'amtsgericht', 'registergericht'],
    check: (id) => /^HR[AB]/.test(id),
    chance: 0.00014,
  },
  {
    kind: 'de-vehicle-registration',
    label: 'German vehicle registration',
    countries: ['DE'],
    source: 'Fahrzeug-Zulassungsverordnung, annex 2: district, letters, number, E or H',
    bare: ['A', 'AA', 'AAA'].flatMap((district) =>
      ['A', 'AA'].flatMap((letters) =>
        ['9', '99', '999', '9999', '9A', '99A', '999A', '9999A'].flatMap((number) => [
          `${district} ${letters} ${number}`,
          `${district}-${letters}-${number}`,
          `${district}-${letters} ${number}`,
        ]),
      ),
    ),
    words: ['kennzeichen', 'kfz', 'fahrzeug', 'autokennzeichen', 'nummernschild', 'license plate'],
    check: (id) => /[1-9]\d{0,3}[EH]?$/.test(id),
    chance: 1,
  },
];
