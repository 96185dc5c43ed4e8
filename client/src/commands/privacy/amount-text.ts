import type { PrivacyAmount } from '@sdp/shared/anonymization/privacy';
import { writtenAmount } from '../../privacy/index.ts';

/** `ε 0.5`, `ε 0.5, δ 0.000001` or `ρ 0.01`. */
export function amountText(amount: PrivacyAmount | ReturnType<typeof writtenAmount>): string {
  const written = isWritten(amount) ? amount : writtenAmount(amount);
  if (written.composition === 'zcdp') return `ρ ${written.rho}`;
  return `ε ${written.epsilon}${written.delta === '0' ? '' : `, δ ${written.delta}`}`;
}

function isWritten(
  amount: PrivacyAmount | ReturnType<typeof writtenAmount>,
): amount is ReturnType<typeof writtenAmount> {
  return typeof (amount.composition === 'basic' ? amount.epsilon : amount.rho) === 'string';
}
