import type { Protection, ReidentificationRisk, Utility } from '@sdp/shared/anonymization';
import { GateError } from '@sdp/shared/errors';

/** What can be required of a release; `most` are bounds from above. */
export const requirements = {
  k: 'least',
  l: 'least',
  'entropy-l': 'least',
  t: 'most',
  risk: 'most',
  suppressed: 'most',
  loss: 'most',
} as const;
export type RequirementName = keyof typeof requirements;
export type Required = ReadonlyMap<RequirementName, number>;

export interface Measured {
  readonly protection: Protection;
  readonly risk: ReidentificationRisk;
  /** Share of the input's records. */
  readonly suppressed: number;
  /** Not there for a table that was measured as it stands. */
  readonly utility: Utility | undefined;
}

/** Rounding of shares and logarithms. */
const tolerance = 1e-9;

/** @throws {GateError} `gate-not-met` naming all that isn't met */
export function assertRequired(required: Required, measured: Measured): void {
  const missed = [...required].flatMap(([name, bound]) => {
    const value = measuredValue(name, measured);
    const met = requirements[name] === 'least' ? value >= bound - tolerance : value <= bound + tolerance;
    return met ? [] : [`${name} is ${Number(value.toPrecision(4))} and not ${bound}`];
  });
  if (missed.length === 0) return;
  throw new GateError('gate-not-met', {
    message: `The release is not as required: ${missed.join(', ')}`,
    remedy: 'Ask for more with --k, --l or --t, or leave out columns. Nothing was written.',
    details: { count: missed.length },
  });
}

function measuredValue(name: RequirementName, { protection, risk, suppressed, utility }: Measured): number {
  const { sensitive } = protection;
  switch (name) {
    case 'k':
      return protection.k;
    // Without a sensitive column nothing of the kind was reached.
    case 'l':
      return sensitive.length === 0 ? 0 : Math.min(...sensitive.map(({ distinctL }) => distinctL));
    case 'entropy-l':
      return sensitive.length === 0 ? 0 : Math.min(...sensitive.map(({ entropyL }) => entropyL));
    case 't':
      return sensitive.length === 0 ? 1 : Math.max(...sensitive.map(({ t }) => t));
    case 'risk':
      return risk.prosecutor.highest;
    case 'suppressed':
      return suppressed;
    default:
      return utility?.loss ?? 0;
  }
}
