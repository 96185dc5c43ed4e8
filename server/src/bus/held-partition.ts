/** A partition that a group has given to this member, as the member sees whoever works on it. */
export interface HeldPartition {
  /** Resolves when nothing of it is in hand any more and what was done is stored; never rejects. */
  readonly done: Promise<void>;
  /** Takes no further message; what is in hand is finished and stored. */
  stop(): void;
  /** Stops, and aborts what is in hand. */
  abort(): void;
  /** The partition belongs to somebody else: aborts, and stores nothing more. */
  lose(): void;
}

/** One that can pause while the group decides anew who has what. */
export interface PausablePartition extends HeldPartition {
  /** Takes no message until {@link resume}; resolves when none is in hand and the offsets are stored. */
  quiesce(): Promise<void>;
  resume(): void;
}
