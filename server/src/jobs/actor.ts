import type { Actor } from '@sdp/shared/contracts';
import type { Principal } from '../identity/index.ts';

/** Who did something, as versions, proposals and the audit trail keep it. */
export function actorOf({ kind, id }: Principal): Actor {
  return { kind, id };
}
