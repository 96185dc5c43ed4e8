import type { VaultFile } from '../open-vault-file.ts';
import type { LeakState, VaultState } from '../state.ts';
import { readState } from './change-state.ts';

export type LeakStep = LeakState['pending'][number];

/** Notes that a step is done; once none is left the vault counts as safe again. */
export function leakStepDone(state: VaultState, step: LeakStep): void {
  if (state.leak === undefined) return;
  const pending = state.leak.pending.filter((other) => other !== step);
  state.leak = pending.length === 0 ? undefined : { ...state.leak, pending };
}

/** What is still to be done, as it stands in the file now. */
export function pendingAfterLeak(file: VaultFile): readonly LeakStep[] {
  return readState(file).leak?.pending ?? [];
}
