import type { MasterKey } from '@sdp/shared/crypto';
import { deriveMessageKeys, type KeyRingOptions, parseGivenKeys } from '@sdp/shared/messaging';
import type { MessageKeySettings } from './settings.ts';

const party = 'sdp-server';

/**
 * Keys for a ring of the server's own, as configured: those of KAFKA_ENCRYPTION_KEY and KAFKA_SIGNING_KEY, else derived from
 * the server's key.
 *
 * @throws {ConfigError} `message-key-invalid`
 */
export function messageKeys({ given, generation }: MessageKeySettings, serverKey: MasterKey): KeyRingOptions {
  return given === undefined
    ? deriveMessageKeys(serverKey, { party, generation })
    : parseGivenKeys({ party, ...given });
}
