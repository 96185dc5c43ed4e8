export { type DeadLetter, type LetterPlace, parseLetterId } from './dead-letter.ts';
export {
  DeadLetters,
  type DeadLettersOptions,
  type DecidedLetter,
  type LetterFilter,
  type Original,
  type ReplayOptions,
} from './dead-letters.ts';
export { createDecisionStore, type Decision, type DecisionStore } from './decision-store.ts';
