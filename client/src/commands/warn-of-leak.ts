import type { Terminal } from '../terminal/index.ts';
import type { Vault } from '../vault/index.ts';

/** Says on every use of a vault whose master key had leaked what is still to be done. */
export function warnOfLeak(terminal: Terminal, pending: ReturnType<Vault['pendingAfterLeak']>): void {
  if (pending.length === 0) return;
  const steps = pending.map((step) => `\`sdp vault ${step}\``).join(' and ');
  terminal.warn(
    `the vault’s former master key is known to others, and with it every key it wrapped; run ${steps} to make those worthless`,
  );
}
