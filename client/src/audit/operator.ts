import { hostname, userInfo } from 'node:os';
import type { Environment } from '../keys/index.ts';
import type { Operator } from './log-line.ts';

const nameLimit = 200;

/** Who runs this process, as far as the system knows, and what the environment says beside it. */
export function currentOperator(env: Environment): Operator {
  const name = env['SDP_OPERATOR'];
  const sudo = env['SUDO_USER'];
  return {
    ...account(),
    ...(name ? { name: name.slice(0, nameLimit) } : {}),
    ...(sudo ? { sudo: sudo.slice(0, nameLimit) } : {}),
  };
}

export const currentHost = (): string => hostname();

function account(): { readonly user: string; readonly uid?: number } {
  try {
    const { username, uid } = userInfo();
    // Windows has no numbers and says -1.
    return uid < 0 ? { user: username } : { user: username, uid };
  } catch {
    // A container may run under a number that no account has.
    const uid = process.getuid?.();
    return uid === undefined ? { user: 'unknown' } : { user: `uid ${uid}`, uid };
  }
}
