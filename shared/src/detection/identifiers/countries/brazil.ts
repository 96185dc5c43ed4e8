import { digitAt, isRepeated, weightedSum } from '../checksums.ts';
import type { Definition } from '../definition.ts';

/** Check digit modulo 11 where remainders below 2 give 0. */
const check11 = (sum: number) => (sum % 11 < 2 ? 0 : 11 - (sum % 11));

const isCpf = (id: string) =>
  !isRepeated(id) &&
  check11(weightedSum(id, [10, 9, 8, 7, 6, 5, 4, 3, 2])) === digitAt(id, 9) &&
  check11(weightedSum(id, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2])) === digitAt(id, 10);

/** Characters count as their ASCII code less 48, so that the alphanumeric numbers of 2026 extend the numeric ones. */
function isCnpj(id: string): boolean {
  const check = (weights: readonly number[]) =>
    check11(weights.reduce((sum, weight, index) => sum + (id.charCodeAt(index) - 48) * weight, 0));
  return (
    /^[0-9A-Z]{12}\d\d$/.test(id) &&
    !isRepeated(id) &&
    check([5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) === digitAt(id, 12) &&
    check([6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) === digitAt(id, 13)
  );
}

function isCnh(id: string): boolean {
  if (isRepeated(id)) return false;
  const first = weightedSum(id, [9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11;
  const second = weightedSum(id, [1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11;
  const lowered = ((((second > 9 ? 0 : second) - (first > 9 ? 2 : 0)) % 11) + 11) % 11;
  return (
    (first > 9 ? 0 : first) === digitAt(id, 9) && (first > 9 ? lowered : second > 9 ? 0 : second) === digitAt(id, 10)
  );
}

function isVoterTitle(id: string): boolean {
  const state = Number(id.slice(8, 10));
  if (state < 1 || state > 28) return false;
  const digit = (sum: number) => {
    const rest = sum % 11;
    if (rest === 10) return 0;
    return rest === 0 && state <= 2 ? 1 : rest;
  };
  const first = digit(weightedSum(id, [2, 3, 4, 5, 6, 7, 8, 9]));
  const second = digit(digitAt(id, 8) * 7 + digitAt(id, 9) * 8 + first * 9);
  return first === digitAt(id, 10) && second === digitAt(id, 11);
}

/** Brazilian identifiers. */
export const brazil: readonly Definition[] = [
  {
    kind: 'br-cpf',
    label: 'Brazilian individual taxpayer number (CPF)',
    countries: ['BR'],
    source: 'Receita Federal, IN RFB 2172/2024: two check digits modulo 11',
    firm: ['999.999.999-99', '999999999-99', '999-999-999-99'],
    bare: ['99999999999', '999.999.999.99', '999 999 999 99'],
    words: ['cpf', 'cadastro pessoa fisica', 'contribuinte'],
    check: isCpf,
    checksum: true,
    chance: 0.01,
  },
  {
    kind: 'br-cnpj',
    label: 'Brazilian company number (CNPJ)',
    countries: ['BR'],
    source: 'Receita Federal, IN RFB 2229/2024: two check digits modulo 11, letters from July 2026',
    firm: ['XX.XXX.XXX/XXXX-99', 'XXXXXXXX/XXXX-99'],
    bare: ['XXXXXXXXXXXX99'],
    words: ['cnpj', 'cadastro nacional pessoa juridica'],
    check: isCnpj,
    checksum: true,
    chance: 0.01,
  },
  {
    kind: 'br-cnh',
    label: 'Brazilian driving licence (CNH)',
    countries: ['BR'],
    source: 'DENATRAN, resolução 598/2016: two check digits modulo 11',
    bare: ['99999999999'],
    words: ['cnh', 'carteira habilitacao', 'carteira motorista', 'habilitacao'],
    check: isCnh,
    checksum: true,
    chance: 0.01,
  },
  {
    kind: 'br-pis',
    label: 'Brazilian social integration number (PIS/NIS)',
    countries: ['BR'],
    source: 'Caixa Econômica Federal: modulus 11',
    firm: ['999.99999.99-9'],
    bare: ['99999999999'],
    words: ['pis', 'pasep', 'nis', 'nit'],
    check: (id) => !isRepeated(id) && check11(weightedSum(id, [3, 2, 9, 8, 7, 6, 5, 4, 3, 2])) === digitAt(id, 10),
    checksum: true,
    chance: 0.1,
  },
  {
    kind: 'br-voter',
    label: 'Brazilian voter registration',
    countries: ['BR'],
    source: 'TSE, resolução 21538/2003: two check digits modulo 11',
    bare: ['999999999999', '9999 9999 9999'],
    words: ['titulo eleitor', 'titulo eleitoral', 'eleitor'],
    check: isVoterTitle,
    checksum: true,
    chance: 0.003,
  },
  {
    kind: 'br-rg',
    label: 'Brazilian identity card (RG)',
    countries: ['BR'],
    source: 'Lei 7116/1983: numbered by each state, nine characters in most',
    firm: ['99.999.999-X'],
    bare: ['99999999X', '99999999-X', '9.999.999', '99.999.999'],
    words: ['rg', 'registro geral', 'identidade', 'carteira identidade'],
    check: (id) => /^\d{7,8}[\dX]?$/.test(id),
    chance: 1,
  },
];
