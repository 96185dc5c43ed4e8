/** How likely it is that a released record is found to be a certain person's: El Emam, "Guide to the De-Identification of Personal Health Information", 2013, chapter 16. */
export interface ReidentificationRisk {
  /** The attacker knows that the person is in the table. */
  readonly prosecutor: {
    /** Of the record that is least hidden: 1 over its class's size. */
    readonly highest: number;
    /** Classes over records. */
    readonly average: number;
    /** Share of records whose risk is above the threshold. */
    readonly atRisk: number;
  };
  /** The attacker knows that the person is in the population, of which the table is a sample. */
  readonly journalist: { readonly highest: number; readonly atRisk: number };
  /** Share of all records that an attacker who matches the whole table finds right. */
  readonly marketer: number;
}

export interface RiskOptions {
  /** Risks above it are at risk; 0.2 where left out, which is a class of five. */
  readonly threshold?: number;
  /**
   * People that the table was drawn from at random. Where left out the table counts as the whole population, and all three
   * attackers know as much as the first.
   */
  readonly population?: number;
}

/** @param sizes records of each released class; suppressed records are in none */
export function riskOf(
  sizes: readonly number[],
  { threshold = 0.2, population }: RiskOptions = {},
): ReidentificationRisk {
  const records = sizes.reduce((sum, size) => sum + size, 0);
  if (records === 0) {
    return {
      prosecutor: { highest: 0, average: 0, atRisk: 0 },
      journalist: { highest: 0, atRisk: 0 },
      marketer: 0,
    };
  }
  const fraction = population === undefined ? 1 : Math.min(1, records / population);
  const known = new Map<number, number>();
  const populationRisk = (size: number) => {
    const before = known.get(size);
    if (before !== undefined) return before;
    const risk = inversePopulationSize(size, fraction);
    known.set(size, risk);
    return risk;
  };
  const share = (isAtRisk: (size: number) => boolean) =>
    sizes.reduce((sum, size) => sum + (isAtRisk(size) ? size : 0), 0) / records;
  const smallest = sizes.reduce((least, size) => Math.min(least, size), Number.POSITIVE_INFINITY);
  return {
    prosecutor: {
      highest: 1 / smallest,
      average: sizes.length / records,
      atRisk: share((size) => 1 / size > threshold),
    },
    journalist: { highest: populationRisk(smallest), atRisk: share((size) => populationRisk(size) > threshold) },
    marketer: sizes.reduce((sum, size) => sum + size * populationRisk(size), 0) / records,
  };
}

/** Terms smaller than this share of the sum are left out. */
const precision = 1e-12;

/**
 * Expected 1 / (people of the class in the population), for a class of `size` in a sample of this fraction. People beyond
 * the sample follow a negative binomial distribution: Benedetti and Franconi, "Statistical and Technological Solutions for
 * Controlled Data Dissemination", NTTS 1998, as in μ-Argus: (p / f) · ₂F₁(1, 1; f + 1; 1 − p).
 */
export function inversePopulationSize(size: number, fraction: number): number {
  if (fraction >= 1) return 1 / size;
  const rest = 1 - fraction;
  if (size === 1) return (-fraction * Math.log(fraction)) / rest;
  let [sum, term] = [0, 1];
  for (let index = 1; term > precision * sum; index += 1) {
    sum += term;
    term *= (index * rest) / (size + index);
  }
  return (fraction / size) * sum;
}
