export { type GroupAnswer, gatherAnswers } from './answer-questions.ts';
export { cryptoSource } from './crypto-source.ts';
export type { DatasetAccount } from './ledger-accounts.ts';
export { ledgerKey } from './ledger-line.ts';
export { openLedger } from './open-ledger.ts';
export { PrivacyLedger, type PrivacyLedgerOptions } from './privacy-ledger.ts';
export { type Question, readQuestion, statisticNames, type WrittenQuestion } from './question.ts';
export {
  defaultConfidence,
  parseConfidence,
  parseQuestionSheet,
  type QuestionSheet,
  readQuestionSheet,
} from './question-sheet.ts';
export { readAmount, writtenAmount } from './written-amount.ts';
