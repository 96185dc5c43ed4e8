/**
 * What can be wrong with a vault:
 * `structure` SQLite's own check of the file failed; `unknown-namespace`, `unknown-key` a row refers to one that isn't
 * there; `block-unreadable` a block doesn't open or isn't well-formed; `blocks-changed` blocks were removed, added or
 * put back to an older state; `token-missing` a sealed entry has no token row; `token-misdirected` its token row refers
 * elsewhere; `token-without-entry` token rows refer to nothing; `value-mismatch` a value's token isn't the one it is
 * stored under; `count-mismatch` the number of entries isn't the one last committed; `days-changed` days of last use and
 * `tombstones-changed` tombstones were removed, added or changed.
 */
export type DamageKind =
  | 'structure'
  | 'unknown-namespace'
  | 'unknown-key'
  | 'block-unreadable'
  | 'blocks-changed'
  | 'token-missing'
  | 'token-misdirected'
  | 'token-without-entry'
  | 'value-mismatch'
  | 'count-mismatch'
  | 'days-changed'
  | 'tombstones-changed';

export interface Damage {
  readonly kind: DamageKind;
  readonly namespace?: string;
  readonly blockId?: number;
  /** How many entries, rows or blocks it concerns. */
  readonly count: number;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly entries: number;
  readonly blocks: number;
  readonly tombstones: number;
  /**
   * Telephone numbers that the present rules would bring to another form than the one that their token was made over. They
   * are whole, but the same number gets a new token from now on.
   */
  readonly reformed: number;
  /** At most 1,000; `damageCount` has the whole number. */
  readonly damage: readonly Damage[];
  readonly damageCount: number;
}

export interface VerifyProgress {
  readonly blocksRead: number;
  readonly blocksTotal: number;
}
