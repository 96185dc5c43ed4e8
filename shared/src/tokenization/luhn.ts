/** Luhn's sum modulo 10 of a string of digits (ISO/IEC 7812-1, annex B); 0 where the checksum holds. */
export function luhnSum(digits: string): number {
  let sum = 0;
  for (let i = digits.length - 1, double = false; i >= 0; i -= 1, double = !double) {
    const digit = digits.charCodeAt(i) - 48;
    sum += double ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
  }
  return sum % 10;
}

/** The shortest and the longest number that a payment card can have. */
export const shortestCard = 12;
export const longestCard = 19;
