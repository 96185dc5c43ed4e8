import { isToken, type Token, tokenDigits, tokenPrefix } from './token.ts';

/** Under a top-level domain that never resolves (RFC 2606, RFC 6761): mail to it can't reach anybody. */
export const surrogateDomain = 'email.invalid';

export interface EmailOptions {
  /** Keep the real domain, in lower case. Everybody then sees who a person's provider or employer is. */
  readonly keepDomain?: boolean;
}

// Letters and digits of any script, since internationalized domains are written so (RFC 5890); 253 is DNS's limit.
const domainPattern =
  /^(?=.{1,253}$)[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?(?:\.[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?)+$/u;

/**
 * An address that shows a token as its local part: `tok_…@email.invalid`, or `tok_…@` and the value's own domain. A
 * value without a well-formed domain gets the reserved one.
 */
export function emailSurrogate(token: Token, value: string, options: EmailOptions = {}): string {
  return `${token}@${options.keepDomain === true ? domainOf(value) : surrogateDomain}`;
}

/** The token of an {@link emailSurrogate}, whatever its domain; `undefined` for any other text. */
export function tokenInEmail(text: string): Token | undefined {
  const length = tokenPrefix.length + tokenDigits;
  if (text[length] !== '@' || text.indexOf('@', length + 1) !== -1) return undefined;
  const token = text.slice(0, length);
  return isToken(token) ? token : undefined;
}

function domainOf(value: string): string {
  // Domains are compared without case (RFC 4343): one in lower case keeps equal addresses equal.
  const domain = value
    .slice(value.lastIndexOf('@') + 1)
    .trim()
    .toLowerCase();
  return value.includes('@') && domainPattern.test(domain) ? domain : surrogateDomain;
}
