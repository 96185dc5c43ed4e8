import { RejectedError, UsageError } from '@sdp/shared/errors';
import type { Deployment } from './deployment.ts';

/** What a deployment is to be, before it has a generation. */
export type Plan = Pick<Deployment, 'champion' | 'challenger' | 'shadow' | 'salt' | 'rollback_to' | 'kind'>;

export type Role = 'champion' | 'challenger' | 'shadow';

export interface Promotion {
  readonly version: string;
  readonly role: Role;
  /** Of a challenger. */
  readonly share?: number;
}

/**
 * A version in a new role. A new champion ends the comparison with the one before, so the challenger goes; a shadow stays.
 * A version has one role. The salt stays while the challenger does, so that a larger share only adds keys to its arm.
 *
 * @throws {UsageError} where nothing would change, or the champion would be compared with itself
 */
export function promotion(current: Deployment, { version, role, share = 0.1 }: Promotion, newSalt: string): Plan {
  const { generation, champion, challenger, shadow, salt } = current;
  const base = { rollback_to: generation, kind: 'promote' as const };
  if (role === 'champion') {
    if (champion === version && challenger === undefined) throw unchanged('The version is the champion already');
    return { ...base, champion: version, ...(shadow !== version && shadow && { shadow }), salt };
  }
  if (champion === version) throw unchanged('The version is the champion; it cannot be compared with itself');
  if (role === 'shadow') {
    if (shadow === version) throw unchanged('The version is the shadow already');
    return {
      ...base,
      champion,
      ...(challenger && challenger.version !== version && { challenger }),
      shadow: version,
      salt,
    };
  }
  if (!(share > 0 && share < 1)) throw new UsageError('usage-invalid', { message: '--share lies between 0 and 1' });
  if (challenger?.version === version && challenger.share === share) {
    throw unchanged('The version is the challenger with that share already');
  }
  return {
    ...base,
    champion,
    challenger: { version, share },
    ...(shadow !== version && shadow && { shadow }),
    salt: challenger?.version === version ? salt : newSalt,
  };
}

/** @throws {UsageError} where nobody has the role */
export function withdrawal(current: Deployment, role: 'challenger' | 'shadow'): Plan {
  const { generation, champion, challenger, shadow, salt } = current;
  if (current[role] === undefined) throw unchanged(`There is no ${role}`);
  return {
    champion,
    ...(role !== 'challenger' && challenger && { challenger }),
    ...(role !== 'shadow' && shadow && { shadow }),
    salt,
    rollback_to: generation,
    kind: 'withdraw',
  };
}

/**
 * What was deployed before, as a generation of its own. Its own way back is that of the one restored: rolling back twice goes
 * back two steps.
 *
 * @throws {RejectedError} `model-unknown` at the first deployment
 */
export function restoration(restored: Deployment | undefined, kind: 'rollback' | 'automatic-rollback'): Plan {
  if (restored === undefined) {
    throw new RejectedError('model-unknown', {
      message: 'There is no deployment to go back to',
      remedy: 'Promote the version that you want.',
    });
  }
  const { champion, challenger, shadow, salt, rollback_to } = restored;
  return {
    champion,
    ...(challenger && { challenger }),
    ...(shadow && { shadow }),
    salt,
    ...(rollback_to !== undefined && { rollback_to }),
    kind,
  };
}

function unchanged(message: string): UsageError {
  return new UsageError('usage-invalid', { message, remedy: '`sdp-server models list` shows what is deployed.' });
}
