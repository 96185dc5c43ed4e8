import { ConfigError } from '@sdp/shared/errors';
import type { KeySurroundings } from '../key-surroundings.ts';
import { createAwsKms } from './aws-kms.ts';
import type { KeyService, KeyServiceTuning } from './key-service.ts';
import { createVaultTransit } from './vault-transit.ts';

type Provider = (uri: string, surroundings: KeySurroundings, tuning: KeyServiceTuning) => KeyService;

/** One entry per service; the scheme of the address says which. */
const providers: Readonly<Record<string, Provider>> = {
  'vault-transit': createVaultTransit,
  'aws-kms': createAwsKms,
};

/** @throws {ConfigError} `key-source-invalid` for an address of no service that is known */
export function createKeyService(
  uri: string,
  surroundings: KeySurroundings,
  tuning: KeyServiceTuning = {},
): KeyService {
  const scheme = /^([a-z][a-z0-9-]*):\/\//.exec(uri)?.[1] ?? '';
  const provider = Object.hasOwn(providers, scheme) ? providers[scheme] : undefined;
  if (provider !== undefined) return provider(uri, surroundings, tuning);
  throw new ConfigError('key-source-invalid', {
    message: 'The address names no key service that sdp knows',
    remedy:
      'Give vault-transit://HOST:PORT/MOUNT/KEY or aws-kms://KEY?region=REGION; docs/keys.md says more about both.',
  });
}
