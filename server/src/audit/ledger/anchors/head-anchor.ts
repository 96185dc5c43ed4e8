import type { SignedHead } from '../signed-head.ts';

/** What an anchor was found to hold. */
export interface AnchoredHeads {
  readonly heads: readonly SignedHead[];
  /** Lines or objects that aren't heads. */
  readonly unreadable: number;
}

/** A place outside the database that keeps heads, so that whoever owns the database can't take the ledger back unseen. */
export interface HeadAnchor {
  /** For people: a path or an address. */
  readonly place: string;
  /** Resolves once the head is kept for good. */
  append(head: SignedHead): Promise<void>;
  /** The last one, for a look at start. @returns undefined where there is none */
  last(): Promise<SignedHead | undefined>;
  /** All of them, oldest first. */
  readAll(): Promise<AnchoredHeads>;
}
