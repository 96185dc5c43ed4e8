import type { LeakState, VaultState } from '../state.ts';

export type LeakStep = LeakState['pending'][number];

/** Notes that a step is done; once none is left the vault counts as safe again. */
export function leakStepDone(state: VaultState, step: LeakStep): void {
  if (state.leak === undefined) return;
  const pending = state.leak.pending.filter((other) => other !== step);
  state.leak = pending.length === 0 ? undefined : { ...state.leak, pending };
}
