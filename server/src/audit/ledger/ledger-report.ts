import type { LedgerSource, SourceRow } from './ledger-sources.ts';
import type { SignedHead } from './signed-head.ts';

/** What was done to the ledger or to a row that it has, by what can be told from outside. */
export const changeKinds = {
  'row-edited': 'a row was changed after the ledger had taken it',
  'row-swapped': 'the contents of two rows were exchanged',
  'row-deleted': 'a row that the ledger has is gone',
  'row-inserted': 'a row was put in where the ledger had been already',
  'row-forged': 'a row was not written by the server',
  'row-copied': 'a row is there twice',
  'entry-changed': 'an entry of the ledger was changed, or its order',
  'entry-deleted': 'an entry of the ledger is gone',
  'entry-inserted': 'an entry of the ledger was not put there by the server: no head was signed over it',
  'node-changed': 'a node of the tree was changed, deleted or added',
  'position-deleted': 'the note of what the ledger has seen is gone',
  'head-forged': 'the signature of a head does not fit it',
  'head-deleted': 'a head that was anchored is gone',
  'history-rewritten': 'entries are consistent in themselves, but not those that a head was signed over',
  'rolled-back': 'the ledger ends before a head that was signed: it was cut off, or an old backup was restored',
  'anchor-missing': 'no head is anchored at this place, so that nothing tells whether the ledger was put back',
} as const;
export type ChangeKind = keyof typeof changeKinds;

export interface LedgerFinding {
  readonly kind: ChangeKind;
  /** Number of the entry, from 0, the first where there are several; undefined where none can be named. */
  readonly entry?: number | undefined;
  readonly source?: string | undefined;
  readonly sourceId?: string | undefined;
  /** Of the other row where two were exchanged. */
  readonly otherId?: string | undefined;
  /** Up to but not with this entry, where only a range is known. */
  readonly until?: number | undefined;
}

export interface LedgerReport {
  readonly entries: number;
  /** Rows that are committed and wait to be taken. */
  readonly pending: number;
  readonly heads: number;
  readonly anchor: { readonly place: string; readonly heads: number; readonly unreadable: number };
  readonly lastHead: SignedHead | undefined;
  /** Number of findings; of so many only the first {@link maxFindings} are listed. */
  readonly found: number;
  /** By entry; those without one at the end. */
  readonly findings: readonly LedgerFinding[];
}

export const maxFindings = 1_000;

/** A row that isn't what the ledger has. */
export interface ChangedRow {
  readonly source: LedgerSource;
  readonly row: SourceRow;
  readonly leafHash: Buffer;
  readonly entry: number;
}

/** Collects what is found, bounded. */
export class FindingList {
  found = 0;
  /** That what follows may be wrong for a reason that is found already. */
  isExplained = false;
  readonly #findings: LedgerFinding[] = [];

  add(finding: LedgerFinding): void {
    this.found++;
    this.isExplained = true;
    if (this.#findings.length < maxFindings) this.#findings.push(finding);
  }

  sorted(): LedgerFinding[] {
    const place = ({ entry }: LedgerFinding) => entry ?? Number.MAX_SAFE_INTEGER;
    return [...this.#findings].sort((a, b) => place(a) - place(b));
  }
}
