import { BudgetError } from '../../errors/index.ts';
import { type Decimal, decimalFromNumber, decimalToNumber, formatDecimal } from './decimal.ts';
import type { PrivacyCost } from './privacy-cost.ts';

/** How the costs of answers are added up. */
export const compositions = ['basic', 'zcdp'] as const;
export type Composition = (typeof compositions)[number];

/** What all answers about one data set may cost together. */
export type PrivacyBudget =
  | { readonly composition: 'basic'; readonly epsilon: Decimal; readonly delta: Decimal }
  | { readonly composition: 'zcdp'; readonly rho: Decimal };

/** What was spent of a budget, or is left of it; in the unit of its composition. */
export type PrivacyAmount =
  | { readonly composition: 'basic'; readonly epsilon: Decimal; readonly delta: Decimal }
  | { readonly composition: 'zcdp'; readonly rho: Decimal };

/**
 * The largest ρ for which ρ-zCDP implies (ε, δ)-differential privacy by ε = ρ + 2·√(ρ·ln(1/δ)) (Bun and Steinke,
 * proposition 1.3), rounded down.
 */
export function rhoWithin(epsilon: Decimal, delta: Decimal): Decimal {
  const log = -Math.log(decimalToNumber(delta));
  const root = decimalToNumber(epsilon) / (Math.sqrt(log + decimalToNumber(epsilon)) + Math.sqrt(log));
  return decimalFromNumber(root * root * (1 - 1e-12), { up: false });
}

/** The ε that ρ-zCDP implies for a δ; see {@link rhoWithin}. */
export function epsilonOf(rho: Decimal, delta: number): number {
  const value = decimalToNumber(rho);
  return value + 2 * Math.sqrt(value * -Math.log(delta));
}

/** Accounts for the answers about one data set. Holds no data and does no I/O: whoever keeps it writes charges down. */
export class PrivacyAccount {
  readonly budget: PrivacyBudget;
  #spent: PrivacyAmount;

  constructor(budget: PrivacyBudget) {
    this.budget = budget;
    this.#spent = zero(budget);
  }

  get spent(): PrivacyAmount {
    return this.#spent;
  }

  /** Never below zero. */
  get left(): PrivacyAmount {
    return difference(this.budget, this.#spent);
  }

  /**
   * Takes a cost off the budget, or nothing of it.
   *
   * @returns what was charged
   * @throws {BudgetError} `privacy-budget-spent` when less is left
   */
  charge(cost: PrivacyCost): PrivacyAmount {
    const amount = amountOf(cost, this.budget.composition);
    this.chargeAmount(amount);
    return amount;
  }

  /** {@link charge} of what is in the unit of the budget already. */
  chargeAmount(amount: PrivacyAmount): void {
    const spent = sum(this.#spent, amount);
    if (!isWithin(spent, this.budget)) {
      const message = `The privacy budget does not reach: ${amountText(amount)} is asked for, ${amountText(this.left)} is left`;
      throw new BudgetError('privacy-budget-spent', { message });
    }
    this.#spent = spent;
  }
}

/**
 * A cost in the unit of the composition.
 *
 * @throws {BudgetError} `privacy-budget-spent` for Gaussian noise by ρ under a budget of (ε, δ)
 */
export function amountOf(cost: PrivacyCost, composition: Composition): PrivacyAmount {
  if (composition === 'zcdp') return { composition, rho: cost.rho };
  if (cost.approximate !== undefined) return { composition, ...cost.approximate };
  throw new BudgetError('privacy-budget-spent', {
    message: 'The budget of the data set is counted in epsilon and delta, the question is asked in rho',
    remedy: 'Give epsilon and delta instead of rho.',
  });
}

/** `ε 0.5`, `ε 0.5, δ 0.000001` or `ρ 0.01`. */
export function amountText(amount: PrivacyAmount): string {
  if (amount.composition === 'zcdp') return `ρ ${formatDecimal(amount.rho)}`;
  return `ε ${formatDecimal(amount.epsilon)}${amount.delta === 0n ? '' : `, δ ${formatDecimal(amount.delta)}`}`;
}

function zero({ composition }: PrivacyBudget): PrivacyAmount {
  const none = 0n as Decimal;
  return composition === 'basic' ? { composition, epsilon: none, delta: none } : { composition, rho: none };
}

function sum(a: PrivacyAmount, b: PrivacyAmount): PrivacyAmount {
  return combined(a, b, (left, right) => left + right);
}

function difference(a: PrivacyAmount, b: PrivacyAmount): PrivacyAmount {
  return combined(a, b, (left, right) => (left > right ? left - right : 0n));
}

function combined(a: PrivacyAmount, b: PrivacyAmount, by: (a: bigint, b: bigint) => bigint): PrivacyAmount {
  if (a.composition === 'basic' && b.composition === 'basic') {
    return {
      composition: 'basic',
      epsilon: by(a.epsilon, b.epsilon) as Decimal,
      delta: by(a.delta, b.delta) as Decimal,
    };
  }
  if (a.composition === 'zcdp' && b.composition === 'zcdp') {
    return { composition: 'zcdp', rho: by(a.rho, b.rho) as Decimal };
  }
  throw new TypeError('Amounts of different compositions cannot be combined.');
}

function isWithin(amount: PrivacyAmount, budget: PrivacyBudget): boolean {
  if (amount.composition === 'zcdp') return budget.composition === 'zcdp' && amount.rho <= budget.rho;
  return budget.composition === 'basic' && amount.epsilon <= budget.epsilon && amount.delta <= budget.delta;
}
