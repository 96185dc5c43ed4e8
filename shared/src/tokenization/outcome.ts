/** Why a method can't replace a value. Closed, so that a caller can say of each what to do about it. */
export const refusalReasons = {
  'too-short': 'has too few characters of the alphabet for format-preserving encryption',
  'too-long': 'is too long for format-preserving encryption',
  'spare-digit': 'has 12 to 19 digits and begins with the column’s spare digit, 0 unless spare_digit names another',
  'not-encrypted': 'is nothing that this column’s format-preserving encryption gives',
  'not-a-card-number': 'is not a card number of 12 to 19 digits',
  'card-too-short': 'has too few digits to hide between the first six and the last four',
  'not-a-date': 'is not a calendar date in a known format',
  'two-digit-year': 'is a date whose year has two digits',
  'date-order-needed': 'is a date whose day and month can’t be told apart without a declared order',
  'date-order': 'is a date that doesn’t fit the declared order of day and month',
  'date-padding': 'is a date that is written with or without leading zeros, unlike the column’s declared style',
  'date-out-of-range': 'is a date outside of the years 1 to 9999 after the shift',
  'not-a-number': 'is not a number',
} as const;

export type RefusalReason = keyof typeof refusalReasons;

/** What a method gives instead of a replacement where it has none; it never holds the value. */
export interface Refusal {
  readonly refused: RefusalReason;
}

/** A replacement, or why there is none. `typeof outcome === 'string'` tells them apart. */
export type Outcome = string | Refusal;

const made = Object.fromEntries(
  Object.keys(refusalReasons).map((reason) => [reason, Object.freeze({ refused: reason })]),
) as Record<RefusalReason, Refusal>;

/** The one refusal of a reason: nothing is made on the hot path. */
export function refuse(reason: RefusalReason): Refusal {
  return made[reason];
}

export function isRefusal(outcome: Outcome): outcome is Refusal {
  return typeof outcome !== 'string';
}

/** A predicate for a sentence that begins with "the value"; it never quotes the value. */
export function describeRefusal({ refused }: Refusal): string {
  return refusalReasons[refused];
}
