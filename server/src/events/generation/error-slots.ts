const minuteMs = 60_000;
const slotMs = 10 * minuteMs;

/**
 * Errors of a client are counted together, so that a burst of them, some of one user and single ones must not add up to another
 * burst by chance. Time is divided into slots with a place for each, far enough apart that no three minutes see too many. Time
 * shorter than a slot is one slot, and all of it is closer together.
 */
export interface ErrorSlot {
  readonly fromMs: number;
  readonly toMs: number;
  /** Errors of single users, no more than {@link mostUserErrors}. */
  readonly users: readonly [number, number];
  /** Twenty errors or a few less. */
  readonly burst: readonly [number, number];
}

/** In the first part of one slot; with single ones they stay below twenty. */
export const mostUserErrors = 14;
/** Errors of nobody in particular, in three minutes. */
export const mostSingleErrors = 4;

export function errorSlots(fromMs: number, toMs: number): ErrorSlot[] {
  const count = Math.max(1, Math.floor((toMs - fromMs) / slotMs));
  const length = Math.min(slotMs, toMs - fromMs);
  return Array.from({ length: count }, (_, n) => {
    const start = fromMs + n * length;
    const part = (share: number) => start + share * length;
    return {
      fromMs: start,
      toMs: n === count - 1 ? toMs : start + length,
      users: [part(0), part(0.2)],
      burst: [part(0.4), part(0.55)],
    };
  });
}

/** Whether single errors may stand there, given what is done with the slot. */
export function allowsSingleErrors(
  { fromMs, toMs }: ErrorSlot,
  atMs: number,
  use: 'burst' | 'decoy' | 'free',
): boolean {
  if (use === 'free') return true;
  const share = (atMs - fromMs) / Math.min(slotMs, toMs - fromMs);
  // After a burst, until no three minutes reach back to it.
  return use === 'burst' && (share < 0.3 || atMs - fromMs >= 8.5 * minuteMs);
}
