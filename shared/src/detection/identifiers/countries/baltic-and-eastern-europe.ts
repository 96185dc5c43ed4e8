import { isCalendarDate, isReversedDateAt, isShortDateAt } from '../calendar.ts';
import { digitAt, isRepeated, weightedSum } from '../checksums.ts';
import type { Definition } from '../definition.ts';

/** Estonia and Lithuania: a second round of weights where the first leaves 10. */
function isBalticCode(id: string): boolean {
  if (!/^[1-8]/.test(id) || !isShortDateAt(id, 1)) return false;
  let check = weightedSum(id, [1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
  if (check === 10) check = (weightedSum(id, [3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11) % 10;
  return check === digitAt(id, 10);
}

const innWeights = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8];
const isInn = (id: string) => {
  const check = (length: number) => (weightedSum(id, innWeights.slice(11 - length)) % 11) % 10 === digitAt(id, length);
  return Number(id) > 0 && (id.length === 10 ? check(9) : check(10) && check(11));
};

/** Identifiers of Estonia, Latvia, Lithuania, Ukraine, Russia and Kazakhstan. */
export const balticAndEasternEurope: readonly Definition[] = [
  {
    kind: 'ee-isikukood',
    label: 'Estonian personal code',
    countries: ['EE'],
    source: 'EVS 585: two rounds of weights modulo 11',
    bare: ['99999999999'],
    words: ['isikukood', 'isikukoodi', 'personal code'],
    check: isBalticCode,
    checksum: true,
    chance: 0.0027,
  },
  {
    kind: 'lt-asmens-kodas',
    label: 'Lithuanian personal code',
    countries: ['LT'],
    source: 'Law on the population register I-2237: two rounds of weights modulo 11',
    bare: ['99999999999'],
    words: ['asmens kodas', 'asmens', 'asmens kodo', 'personal code'],
    check: isBalticCode,
    checksum: true,
    chance: 0.0027,
  },
  {
    kind: 'lv-personas-kods',
    label: 'Latvian personal code',
    countries: ['LV'],
    source: 'PMLP: date of birth and modulus 11 until 2017, then 32 and nine digits',
    firm: ['999999-99999'],
    bare: ['99999999999'],
    words: ['personas kods', 'personas', 'personas koda', 'personal code'],
    check: (id) => {
      if (id.startsWith('32')) return 'shaped';
      const check = ((1 + weightedSum(id, [10, 5, 8, 4, 2, 1, 6, 3, 7, 9])) % 11) % 10;
      return isReversedDateAt(id, 0) && /^[0-2]/.test(id.slice(6)) && check === digitAt(id, 10);
    },
    checksum: true,
    chance: 0.001,
  },
  {
    kind: 'ua-rnokpp',
    label: 'Ukrainian taxpayer number',
    countries: ['UA'],
    source: 'State Tax Service, order 822 of 2017: days since 31 December 1899, modulus 11',
    bare: ['9999999999'],
    words: ['rnokpp', 'рнокпп', 'ипн', 'іпн', 'inn', 'ідентифікаційний', 'податковий'],
    check: (id) => {
      const sum = weightedSum(id, [-1, 5, 7, 9, 4, 6, 10, 5, 7]);
      return !isRepeated(id) && (((sum % 11) + 11) % 11) % 10 === digitAt(id, 9);
    },
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'ru-inn',
    label: 'Russian taxpayer number (INN)',
    countries: ['RU'],
    source: 'Federal Tax Service, order SAE-3-09/458: one or two check digits modulo 11',
    bare: ['9999999999', '999999999999'],
    words: ['inn', 'инн'],
    check: isInn,
    checksum: true,
    chance: 0.088,
  },
  {
    kind: 'ru-snils',
    label: 'Russian insurance number (SNILS)',
    countries: ['RU'],
    source: 'Federal law 27-FZ: sum modulo 101',
    firm: ['999-999-999 99', '999-999-999-99'],
    bare: ['99999999999'],
    words: ['snils', 'снилс'],
    check: (id) => {
      const rest = weightedSum(id, [9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101;
      return Number(id) > 0 && (rest === 100 ? 0 : rest) === Number(id.slice(9));
    },
    checksum: true,
    chance: 0.01,
  },
  {
    kind: 'ru-passport',
    label: 'Russian internal passport',
    countries: ['RU'],
    source: 'Government decree 828 of 1997: series of four digits, number of six',
    bare: ['99 99 999999', '9999 999999', '9999999999'],
    words: ['паспорт', 'паспорта', 'серия', 'pasport', 'passport'],
    chance: 1,
  },
  {
    kind: 'kz-iin',
    label: 'Kazakh individual number (IIN)',
    countries: ['KZ'],
    source: 'Law 223-III: date of birth, two rounds of weights modulo 11',
    bare: ['999999999999'],
    words: ['iin', 'иин', 'жсн'],
    check: (id) => {
      if (!isCalendarDate(undefined, Number(id.slice(2, 4)), Number(id.slice(4, 6))) || !/^[0-6]/.test(id.slice(6)))
        return false;
      let check = weightedSum(id, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) % 11;
      if (check === 10) check = weightedSum(id, [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]) % 11;
      return check === digitAt(id, 11);
    },
    checksum: true,
    chance: 0.0025,
  },
];
