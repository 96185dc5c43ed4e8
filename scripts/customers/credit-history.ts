import type { PersonRandom } from './person-random.ts';

export const creditColumns = [
  'LIMIT_BAL',
  'SEX',
  'EDUCATION',
  'MARRIAGE',
  'AGE',
  ...[0, 2, 3, 4, 5, 6].map((month) => `PAY_${month}`),
  ...[1, 2, 3, 4, 5, 6].map((month) => `BILL_AMT${month}`),
  ...[1, 2, 3, 4, 5, 6].map((month) => `PAY_AMT${month}`),
];

const months = 6;

/**
 * Six months of a made-up credit card, as CSV cells. One hidden number, how short of money the customer is, moves
 * limit, use, delay and payments together, so that every risk band appears.
 */
export function creditHistory(random: PersonRandom, age: number): string {
  const strain = random.bell() - (age - 40) * 0.004;
  const limit = Math.min(
    1_000_000,
    Math.max(10_000, Math.round(Math.exp(11.75 + random.bell() * 0.75 - strain * 0.4) / 10_000) * 10_000),
  );
  const sex = random.share() < 0.6 ? 2 : 1;
  const education = random.share() < 0.36 ? 1 : random.share() < 0.74 ? 2 : random.share() < 0.92 ? 3 : 4;
  const marriage = random.share() < (age < 30 ? 0.25 : 0.6) ? 1 : random.share() < 0.97 ? 2 : 3;
  let status = '';
  let bills = '';
  let payments = '';
  let bill = Math.round(limit / (1 + Math.exp(1.1 - 1.2 * strain - random.bell())));
  let late = strain > 1.1 ? random.below(3) : 0;
  // From the latest month to the earliest, the order of the columns.
  for (let month = 0; month < months; month += 1) {
    if (late > 0) late = random.share() < 0.75 ? Math.max(0, late - (random.share() < 0.5 ? 1 : 0)) : 0;
    else if (random.share() < 0.03 + Math.max(0, strain) * 0.14) late = random.share() < 0.25 ? 1 : 2;
    const revolves = strain > -0.5;
    const used = random.share() < 0.92;
    const code = late > 0 ? late : used ? (revolves ? 0 : -1) : -2;
    const payment = late > 0 ? 0 : revolves ? bill * (0.03 + random.share() * 0.06) : bill;
    status += `,${code}`;
    bills += `,${bill}`;
    payments += `,${Math.max(0, Math.round(payment))}`;
    bill = Math.round(bill * (0.88 + random.share() * 0.16)) - (random.share() < 0.02 ? random.below(500) + bill : 0);
  }
  return `${limit},${sex},${education},${marriage},${age}${status}${bills}${payments}`;
}

/** Leaves cells empty as they are in the world: now and then a few, and all of the past for new customers. */
export function withGaps(cells: string, random: PersonRandom): string {
  const luck = random.share();
  if (luck > 0.05) return cells;
  const parts = cells.split(',');
  if (luck > 0.015) {
    for (let count = 1 + random.below(6); count > 0; count -= 1) parts[random.below(parts.length)] = '';
  } else {
    for (const [index, column] of creditColumns.entries()) {
      if (/^(?:PAY|BILL)/.test(column) && !/^(?:PAY_0|BILL_AMT1|PAY_AMT1)$/.test(column)) parts[index] = '';
    }
  }
  return parts.join(',');
}
