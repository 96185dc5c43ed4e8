import { digitChunks, digitsIn } from './digit-groups.ts';
import { findEmails } from './email.ts';
import type { LocatedFinding, PiiFinding } from './finding.ts';
import { fold } from './fold.ts';
import { findIbans } from './iban.ts';
import { addWhereFree } from './overlaps.ts';
import { findCards, judgeCard } from './payment-card.ts';
import { findPhones } from './phone.ts';
import { ALL_DIGITS, AT, DECIMAL, DIGITS, FOLDABLE, IBAN_START, suspicion } from './prefilter.ts';
import { findSsns } from './us-ssn.ts';

/** Digits of the shortest telephone number that is taken for one, of any plan or announced; nothing else is shorter. */
const shortestPhone = 7;
const shortestCard = 13;

/**
 * The first find in a cell; one that a checksum proves goes before any other. Looks for e-mail addresses, payment card
 * numbers, IBANs, US social security numbers and telephone numbers anywhere in the text. Numbers of JSON are scanned as
 * their decimal text.
 *
 * Patterns cannot know names or addresses, and data that was encoded (base64, compressed, encrypted) is not seen.
 */
export function scanCell(value: string): PiiFinding | undefined {
  const flags = suspicion(value);
  return flags === 0 ? undefined : scanSuspect(value, flags);
}

/** {@link scanCell} for a value whose {@link suspicion} is known. */
export function scanSuspect(value: string, flags: number): PiiFinding | undefined {
  if (flags === ALL_DIGITS) return cardFinding(value);
  if (flags === DECIMAL) return wholeNumberCard(value);
  if ((flags & FOLDABLE) !== 0) {
    const folded = fold(value);
    if (folded !== undefined) return firstFinding(folded.text, suspicion(folded.text) & ~FOLDABLE);
  }
  return firstFinding(value, flags & ~FOLDABLE);
}

/** Every find in a text, in order and without overlaps. */
export function scanAll(text: string): LocatedFinding[] {
  const flags = suspicion(text);
  const folded = (flags & FOLDABLE) === 0 ? undefined : fold(text);
  if (folded === undefined) return allFindings(text, flags & ~FOLDABLE);
  return allFindings(folded.text, suspicion(folded.text) & ~FOLDABLE).map((finding) => ({
    ...finding,
    start: folded.originalIndex(finding.start),
    end: folded.originalIndex(finding.end),
  }));
}

function firstFinding(text: string, flags: number): PiiFinding | undefined {
  if (flags === 0) return undefined;
  if (flags === ALL_DIGITS) return cardFinding(text);
  if (flags === DECIMAL) return wholeNumberCard(text);
  const findings = allFindings(text, flags);
  const first = findings.find((finding) => finding.proven) ?? findings[0];
  return first === undefined ? undefined : { kind: first.kind, proven: first.proven };
}

function allFindings(text: string, flags: number): LocatedFinding[] {
  if (flags === ALL_DIGITS || flags === DECIMAL) {
    const card = flags === ALL_DIGITS ? cardFinding(text) : wholeNumberCard(text);
    return card === undefined ? [] : [{ ...card, start: 0, end: text.length }];
  }
  // Times, ports and sizes of a log line are chunks too short for what is looked for in them.
  const chunks =
    (flags & DIGITS) === 0 ? [] : [...digitChunks(text)].filter((chunk) => digitsIn(chunk) >= shortestPhone);
  const byPriority = [
    (flags & IBAN_START) === 0 ? [] : findIbans(text),
    chunks.flatMap((chunk) => (digitsIn(chunk) < shortestCard ? [] : findCards(text, chunk))),
    (flags & AT) === 0 ? [] : findEmails(text),
    chunks.flatMap((chunk) => findSsns(text, chunk)),
    chunks.flatMap((chunk) => findPhones(text, chunk)),
  ];
  return byPriority.reduce(addWhereFree, []);
}

function cardFinding(digits: string): PiiFinding | undefined {
  const verdict = judgeCard(digits);
  return verdict === undefined ? undefined : { kind: 'payment-card', proven: verdict.proven };
}

/** A card number that went through a floating-point column: `4111111111111111.0`. */
function wholeNumberCard(decimal: string): PiiFinding | undefined {
  const [whole] = /^\d{13,19}(?=[.,]0*$)/.exec(decimal) ?? [];
  return whole === undefined ? undefined : cardFinding(whole);
}
