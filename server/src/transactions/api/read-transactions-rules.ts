import { type Transaction, transactionSchema, transactionsRequestSchema } from '@sdp/shared/contracts';
import { type PiiKind, scanCell } from '@sdp/shared/detection';
import { type Finding, InputError } from '@sdp/shared/errors';
import type { z } from 'zod';

/** A parsed request: one transaction, or several. */
export interface TransactionsRead {
  readonly transactions: readonly Transaction[];
  readonly isSingle: boolean;
}

const maxFindings = 100;
/** How far a sender's clock may be ahead of ours. */
const aheadMs = 300_000;
/** Lengths of card numbers: such a run is looked at even inside of an id. */
const cardLengths = /(?<!\d)\d{13,19}(?!\d)/g;

/**
 * Checks a body: the PII firewall first, over every text in it, then the contract.
 *
 * @throws {InputError} `raw-pii-found`, or `request-invalid` with every field that is wrong; never with a value or an
 *   unknown field's name
 */
export function readTransactions(body: unknown, nowMs: number): TransactionsRead {
  const isSingle = !(body !== null && typeof body === 'object' && 'transactions' in body);
  const parsed = isSingle
    ? transactionSchema.transform((transaction) => [transaction]).safeParse(body)
    : transactionsRequestSchema.transform(({ transactions }) => transactions).safeParse(body);
  // Valid ones hold free text in their ids alone; in what isn't valid anything may be anywhere.
  const refused = parsed.success ? refusedIds(parsed.data, isSingle) : refusedTexts(body);
  const [first] = refused;
  if (first !== undefined) {
    throw new InputError('raw-pii-found', {
      details: { findings: refused.map(({ finding }) => finding), count: refused.length, detector: first.kind },
    });
  }
  const findings = parsed.success ? wrongTimes(parsed.data, isSingle, nowMs) : findingsOf(parsed.error);
  if (!parsed.success || findings.length > 0) throw new InputError('request-invalid', { details: { findings } });
  return { transactions: parsed.data, isSingle };
}

/** zod's messages say what was expected and never quote what was there, save for names that aren't known. */
export function findingsOf(error: z.ZodError): Finding[] {
  return error.issues.slice(0, maxFindings).map((issue) => ({
    message: issue.code === 'unrecognized_keys' ? 'has fields that are not known' : issue.message.slice(0, 500),
    field: issue.path.map(String).join('.').slice(0, 500) || 'request',
  }));
}

interface Refused {
  readonly kind: PiiKind;
  readonly finding: Finding;
}

function refusedIds(transactions: readonly Transaction[], isSingle: boolean): Refused[] {
  const refused: Refused[] = [];
  for (const [i, { transaction_id }] of transactions.entries()) {
    const kind = personalData(transaction_id);
    if (kind === undefined || refused.length === maxFindings) continue;
    refused.push({
      kind,
      finding: { message: kind, field: isSingle ? 'transaction_id' : `transactions.${i}.transaction_id` },
    });
  }
  return refused;
}

/** Every text, names of fields included. A field is named by its place where its own name may be the find. */
function refusedTexts(value: unknown): Refused[] {
  const refused: Refused[] = [];
  const visit = (part: unknown, path: readonly string[], depth: number): void => {
    if (refused.length >= maxFindings || depth > maxDepth) return;
    if (typeof part === 'string' || typeof part === 'number') {
      const kind = personalData(String(part));
      if (kind !== undefined)
        refused.push({ kind, finding: { message: kind, field: path.join('.').slice(0, 500) || 'request' } });
      return;
    }
    if (part === null || typeof part !== 'object') return;
    for (const [i, [name, each]] of Object.entries(part).entries()) {
      const isKnown = Array.isArray(part) || knownNames.has(name);
      const step = isKnown ? name : `field ${i + 1}`;
      if (!isKnown) visit(name, [...path, step], depth + 1);
      visit(each, [...path, step], depth + 1);
    }
  };
  visit(value, [], 0);
  return refused;
}

const maxDepth = 20;
const knownNames: ReadonlySet<string> = new Set(['transactions', ...Object.keys(transactionSchema.shape)]);

function personalData(text: string): PiiKind | undefined {
  const found = scanCell(text)?.kind;
  if (found !== undefined) return found;
  for (const [digits] of text.matchAll(cardLengths)) {
    const inside = scanCell(digits);
    if (inside?.proven) return inside.kind;
  }
  return undefined;
}

function wrongTimes(transactions: readonly Transaction[], isSingle: boolean, nowMs: number): Finding[] {
  return transactions
    .flatMap(({ occurred_at }, i) =>
      Date.parse(occurred_at) <= nowMs + aheadMs
        ? []
        : [{ message: 'lies in the future', field: isSingle ? 'occurred_at' : `transactions.${i}.occurred_at` }],
    )
    .slice(0, maxFindings);
}
