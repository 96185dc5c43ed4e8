import { type Decimal, decimalOne } from './decimal.ts';

/** What an answer costs, in both ways of counting. */
export interface PrivacyCost {
  /** (ε, δ)-differential privacy; missing for Gaussian noise that was asked for by ρ alone. */
  readonly approximate?: { readonly epsilon: Decimal; readonly delta: Decimal };
  /** ρ of zero-concentrated differential privacy (Bun and Steinke, TCC 2016, arXiv:1605.02065). */
  readonly rho: Decimal;
}

/** An ε-differentially private answer is ½ε²-zCDP (Bun and Steinke, proposition 1.4). */
export function pureCost(epsilon: Decimal): PrivacyCost {
  return {
    approximate: { epsilon, delta: 0n as Decimal },
    rho: dividedUp(epsilon * epsilon, 2n * decimalOne),
  };
}

/**
 * Gaussian noise of this variance is Δ²/2σ²-zCDP, also when it is discrete (Canonne, Kamath and Steinke, theorem 4).
 *
 * @param sensitivity in the unit that `variance` is the square of
 */
export function gaussianCost(
  sensitivity: bigint,
  variance: bigint,
  approximate?: PrivacyCost['approximate'],
): PrivacyCost {
  const rho = dividedUp(sensitivity * sensitivity * decimalOne, 2n * variance);
  return { rho, ...(approximate === undefined ? {} : { approximate }) };
}

/** What several answers cost together: both ways of counting add up. */
export function sumOfCosts(costs: readonly PrivacyCost[]): PrivacyCost {
  const sum = (values: readonly Decimal[]) => values.reduce<bigint>((total, value) => total + value, 0n) as Decimal;
  const approximate = costs.map((cost) => cost.approximate);
  return {
    rho: sum(costs.map(({ rho }) => rho)),
    ...(approximate.every((part) => part !== undefined)
      ? {
          approximate: {
            epsilon: sum(approximate.map(({ epsilon }) => epsilon)),
            delta: sum(approximate.map(({ delta }) => delta)),
          },
        }
      : {}),
  };
}

function dividedUp(value: bigint, divisor: bigint): Decimal {
  return ((value + divisor - 1n) / divisor) as Decimal;
}
