import { type ErrorCode, SdpError } from '@sdp/shared/errors';
import { type AccessRules, type BusMessage, readContext, type SecurityManager } from '@sdp/shared/messaging';

const envelopeMagic = 'SDPE';

/**
 * Tells why a message is not what somebody who may write there has sealed for this very topic. Its payload is nobody's
 * business here: what its consumers make of a contract or a policy shows in their dead letters.
 *
 * @returns undefined for a genuine message
 */
export function refusalCheck(
  security: SecurityManager,
  access: AccessRules,
): (message: BusMessage) => ErrorCode | undefined {
  return (message) => {
    const { topic, value, isOwn } = message;
    try {
      if (Buffer.from(value.subarray(0, 4)).toString('latin1') !== envelopeMagic) return 'message-plaintext';
      const { party } = security.open(readContext(message), value, undefined, isOwn);
      access.assertAllowed(party, 'WRITE', topic);
      return undefined;
    } catch (error) {
      return error instanceof SdpError ? error.code : 'internal';
    }
  };
}
