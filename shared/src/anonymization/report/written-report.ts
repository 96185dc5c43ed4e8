import type { SensitiveProtection } from './protection.ts';
import type { ReidentificationRisk } from './risk.ts';
import type { Utility } from './utility.ts';

/** What was measured of a release, as its report writes it. */
export function writtenProtection({ column, ...reached }: SensitiveProtection) {
  return {
    column,
    distinct_l: reached.distinctL,
    entropy_l: reached.entropyL,
    t: reached.t,
    alpha: reached.alpha,
    basic_beta: reached.basicBeta,
    enhanced_beta: reached.enhancedBeta,
    delta_disclosure: reached.deltaDisclosure,
  };
}

export function writtenRisk({ prosecutor, journalist, marketer }: ReidentificationRisk) {
  return {
    prosecutor: { highest: prosecutor.highest, average: prosecutor.average, at_risk: prosecutor.atRisk },
    journalist: { highest: journalist.highest, at_risk: journalist.atRisk },
    marketer,
  };
}

export function writtenUtility({ loss, nonUniformEntropy, discernibility, averageClassSize }: Utility) {
  return {
    loss,
    non_uniform_entropy: nonUniformEntropy,
    discernibility,
    average_class_size: averageClassSize,
  };
}
