declare const tokenBrand: unique symbol;
declare const hashTokenBrand: unique symbol;
declare const plainValueBrand: unique symbol;

/** `tok_` and 32 lower-case hex digits: stands for a value that a vault can give back. */
export type Token = string & { readonly [tokenBrand]: true };

/** `hsh_` and 32 lower-case hex digits: stands for a value that nothing can give back. */
export type HashToken = string & { readonly [hashTokenBrand]: true };

/** A value as its owner wrote it, which must not leave the machine. */
export type PlainValue = string & { readonly [plainValueBrand]: true };

export const tokenPrefix = 'tok_';
export const hashTokenPrefix = 'hsh_';
export const redactedText = '[REDACTED]';

/** Hex digits of a digest that a token shows: 128 bits. */
export const tokenDigits = 32;

// Hex keeps every run of digits inside a token free of word boundaries, so that a detector of card or phone numbers
// never sees one there and needs no exception.
const tokenPattern = /^tok_[0-9a-f]{32}$/;
const hashTokenPattern = /^hsh_[0-9a-f]{32}$/;

/** Whether the text has the shape of a {@link Token}; whether a vault knows it is another question. */
export function isToken(text: string): text is Token {
  return text.length === tokenPrefix.length + tokenDigits && tokenPattern.test(text);
}

/** Whether the text has the shape of a {@link HashToken}. */
export function isHashToken(text: string): text is HashToken {
  return text.length === hashTokenPrefix.length + tokenDigits && hashTokenPattern.test(text);
}

/** The token that shows the first 128 bits of a digest in lower-case hex. */
export function tokenFromDigest(digestHex: string): Token {
  return (tokenPrefix + digestHex.slice(0, tokenDigits)) as Token;
}

/** As {@link tokenFromDigest}, for the irreversible method. */
export function hashTokenFromDigest(digestHex: string): HashToken {
  return (hashTokenPrefix + digestHex.slice(0, tokenDigits)) as HashToken;
}
