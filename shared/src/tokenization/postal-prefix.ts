/**
 * The first characters of a postal code, with a `*` for each letter or digit that follows; blanks and hyphens stay. A
 * code of no more characters than would be kept is covered whole. The first three digits of a US code are what the
 * HIPAA safe harbor allows (45 CFR 164.514(b)(2)(i)(B)), for areas of more than 20,000 people.
 *
 * @throws {RangeError} if `keepFirst` isn't a whole number of at least 0
 */
export function postalPrefix(keepFirst: number): (value: string) => string {
  if (!Number.isSafeInteger(keepFirst) || keepFirst < 0)
    throw new RangeError('A prefix is a whole number of characters.');
  return (value) => {
    const code = value.trim();
    const signs = code.match(/[\p{L}\p{N}]/gu)?.length ?? 0;
    const shown = signs > keepFirst ? keepFirst : 0;
    let seen = 0;
    // A hyphen in front would begin a formula in a spreadsheet.
    return code.replace(/^-|[^\s-]/gu, (sign) => {
      if (!/[\p{L}\p{N}]/u.test(sign)) return '*';
      seen += 1;
      return seen <= shown ? sign : '*';
    });
  };
}
