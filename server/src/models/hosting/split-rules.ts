import { hash } from 'node:crypto';

export type Arm = 'champion' | 'challenger';

/**
 * Which arm a key belongs to: always the same one under the same salt, and a larger share only moves keys from the champion to
 * the challenger. The first 48 bits of SHA-256 over salt and key, as a fraction, lie below the share or don't.
 */
export function armOf(salt: string, splitKey: string, share: number): Arm {
  const digest = hash('sha256', `${salt}\n${splitKey}`, 'buffer');
  return digest.readUIntBE(0, 6) / 2 ** 48 < share ? 'challenger' : 'champion';
}
