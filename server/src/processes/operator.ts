import { hostname, userInfo } from 'node:os';
import type { AuditActor } from '../audit/index.ts';

/** Whoever runs a command of the server, for the audit trail. */
export function operator(): AuditActor {
  return { kind: 'operator', id: `${userInfo().username}@${hostname()}` };
}
