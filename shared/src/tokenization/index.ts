export { type Alphabet, type AlphabetSpec, alphabetOf } from './alphabet.ts';
export { type BucketSpec, bucketMethod } from './bucket.ts';
export type { DateOrder, DateStyle } from './calendar-date.ts';
export { isPhoneRegion } from './canonical-phone.ts';
export {
  type Canonicalizer,
  type CanonicalSpec,
  type CanonicalStep,
  canonicalizer,
  canonicalizerById,
  canonicalSteps,
} from './canonicalizer.ts';
export { type CardMethod, type CardOptions, cardMethod, isCardSurrogate, surrogateCardPrefix } from './card-method.ts';
export { type DateUnit, dateUnits } from './date-bucket.ts';
export { type DateShift, type DateShiftOptions, dateShift, shiftDays } from './date-shift.ts';
export { type EmailOptions, emailSurrogate, surrogateDomain, tokenInEmail } from './email-surrogate.ts';
export { createFf1, type Ff1, type Ff1Options } from './ff1.ts';
export type { BlockEncryptor } from './ff1-layout.ts';
export { type FpeMethod, type FpeOptions, fpeMethod } from './fpe-method.ts';
export { type FrequencyMeter, type FrequencyReport, fewestJudged, frequencyMeter } from './frequency-meter.ts';
export { hashDomain, type KeyedHash, tokenDomain } from './keyed-hash.ts';
export { type MaskOptions, maskMethod } from './mask.ts';
export { hashMethod, keepMethod, type Method, randomMethod, redactMethod, tokenMethod } from './methods.ts';
export {
  describeRefusal,
  isRefusal,
  type Outcome,
  type Refusal,
  type RefusalReason,
  refusalReasons,
  refuse,
} from './outcome.ts';
export {
  type IdentifierSpan,
  restoreText,
  type TextOptions,
  textMethod,
  tokenKind,
  tokensInText,
} from './text-method.ts';
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
