import { type Decimal, formatDecimal, type PrivacyAmount, parseDecimal } from '@sdp/shared/anonymization/privacy';
import type { WrittenAmount } from './ledger-line.ts';

export function writtenAmount(amount: PrivacyAmount): WrittenAmount {
  return amount.composition === 'basic'
    ? { composition: 'basic', epsilon: formatDecimal(amount.epsilon), delta: formatDecimal(amount.delta) }
    : { composition: 'zcdp', rho: formatDecimal(amount.rho) };
}

/** The amount of a line whose code fits. */
export function readAmount(written: WrittenAmount): PrivacyAmount {
  return written.composition === 'basic'
    ? { composition: 'basic', epsilon: decimal(written.epsilon), delta: decimal(written.delta) }
    : { composition: 'zcdp', rho: decimal(written.rho) };
}

function decimal(text: string): Decimal {
  const value = parseDecimal(text);
  if (value === undefined) throw new TypeError('An authenticated ledger holds decimals.');
  return value;
}
