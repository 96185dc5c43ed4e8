import { isLuhn, isRepeated, remainder } from '../checksums.ts';
import type { Definition } from '../definition.ts';

const nirForm = /^[1-478]\d\d(?:0[1-9]|1[0-2]|[2-3]\d|4[0-2]|[5-9]\d)(?:\d\d|2[AB])\d{8}$/;

/** French identifiers of INSEE and the tax administration. */
export const france: readonly Definition[] = [
  {
    kind: 'fr-nir',
    label: 'French social security number',
    countries: ['FR'],
    source: 'INSEE, NIR: 97 less the remainder by 97, Corsican departments 2A as 19 and 2B as 18',
    firm: ['99999XX99999999', '9~99~99~XX~999~999~99', '99999XX999999 99', '9 99 99 XX 999 999'],
    words: ['nir', 'insee', 'securite sociale', 'numero de secu', 'secu', 'nss', 'vitale'],
    check: (id) => {
      if (id.length === 13) return nirForm.test(`${id}00`) ? 'shaped' : false;
      if (!nirForm.test(id)) return false;
      const number = id.slice(0, 13).replace('2A', '19').replace('2B', '18');
      return 97 - remainder(number, 97) === Number(id.slice(13));
    },
    checksum: true,
    peculiar: true,
    chance: 0.006,
  },
  {
    kind: 'fr-tax-number',
    label: 'French tax reference',
    countries: ['FR'],
    source: 'DGFiP, numéro fiscal: remainder by 511',
    firm: ['99 99 999 999 999'],
    bare: ['9999999999999'],
    words: ['numero fiscal', 'fiscal', 'impot', 'spi'],
    check: (id) => /^[0-3]/.test(id) && remainder(id.slice(0, 10), 511) === Number(id.slice(10)),
    checksum: true,
    chance: 0.0004,
  },
  {
    kind: 'fr-siren',
    label: 'French company number (SIREN)',
    countries: ['FR'],
    source: 'INSEE, Sirene: Luhn',
    bare: ['999999999', '999 999 999'],
    words: ['siren', 'rcs', 'entreprise'],
    check: (id) => isLuhn(id) && !isRepeated(id),
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'fr-siret',
    label: 'French establishment number (SIRET)',
    countries: ['FR'],
    source: 'INSEE, Sirene: Luhn; offices of La Poste have a sum divisible by 5',
    firm: ['999 999 999 99999'],
    bare: ['99999999999999'],
    words: ['siret', 'etablissement'],
    check: (id) => {
      if (isRepeated(id)) return false;
      if (id.startsWith('356000000')) return [...id].reduce((sum, digit) => sum + Number(digit), 0) % 5 === 0;
      return isLuhn(id) && isLuhn(id.slice(0, 9));
    },
    checksum: true,
    chance: 0.01,
  },
  {
    kind: 'fr-vat',
    label: 'French VAT identification',
    countries: ['FR'],
    source: 'Code général des impôts, art. 286 ter: key of two characters before the SIREN',
    firm: ['AAXX999999999', 'AA XX 999999999', 'AA XX 999 999 999', 'AAXX 999 999 999'],
    words: ['tva', 'vat', 'intracommunautaire'],
    check: (id) => {
      if (!/^FR[0-9A-HJ-NP-Z]{2}\d{9}$/.test(id) || !isLuhn(id.slice(4))) return false;
      if (!/^\d\d$/.test(id.slice(2, 4))) return 'shaped';
      return remainder(`${id.slice(4)}12`, 97) === Number(id.slice(2, 4));
    },
    checksum: true,
    peculiar: true,
    chance: 0.00001,
  },
  {
    kind: 'fr-passport',
    label: 'French passport',
    countries: ['FR'],
    source: 'ANTS: two digits, two letters, five digits',
    bare: ['99AA99999'],
    words: ['passeport', 'passport'],
    chance: 1,
  },
];
