export { hashDomain, type KeyedHash, tokenDomain } from './keyed-hash.ts';
export { type MaskOptions, maskMethod } from './mask.ts';
export { hashMethod, keepMethod, type Method, redactMethod, tokenMethod } from './methods.ts';
export {
  type HashToken,
  hashTokenFromDigest,
  hashTokenPrefix,
  isHashToken,
  isToken,
  type PlainValue,
  redactedText,
  type Token,
  tokenDigits,
  tokenFromDigest,
  tokenPrefix,
} from './token.ts';
