import { hash } from 'node:crypto';

/** Groups of split keys that are told apart in reports. */
export const splitGroups = 1_024;

export type Arm = 'champion' | 'challenger';

/**
 * Which arm a key belongs to: always the same one under the same salt, and a larger share only moves keys from the champion to
 * the challenger. The first 48 bits of SHA-256 over salt and key, as a fraction, lie below the share or don't.
 */
export function armOf(salt: string, splitKey: string, share: number): Arm {
  const digest = hash('sha256', `${salt}\n${splitKey}`, 'buffer');
  return digest.readUIntBE(0, 6) / 2 ** 48 < share ? 'challenger' : 'champion';
}

/** Which group a key belongs to, whatever the salt. */
export function groupOf(splitKey: string): number {
  return hash('sha256', `group\n${splitKey}`, 'buffer').readUInt16BE(0) % splitGroups;
}
