export { addReasonFlag } from './reason-flag.ts';
export { recordReveal, revealing } from './record-reveal.ts';
export { bulkRevealLimit, type RevealEntry, type RevealRequest } from './reveal-request.ts';
