import { findErrorBy } from '@platformatic/kafka';
import { ConfigError, RejectedError, SdpError, UnavailableError } from '@sdp/shared/errors';

/** Whether the error, or one of those it was made of, carries this id of the Kafka protocol. */
export function hasApiId(error: unknown, ...ids: readonly string[]): boolean {
  return error instanceof Error && ids.some((id) => findErrorBy(error, 'apiId', id) !== null);
}

/** What the library throws, in SDP's terms. Its messages name hosts and error codes, never payloads. */
export function asBusError(error: unknown): unknown {
  if (error instanceof SdpError || !(error instanceof Error)) return error;
  if (findErrorBy(error, 'code', 'PLT_KFK_AUTHENTICATION') !== null) {
    return new ConfigError('config-invalid', {
      message: 'The broker refused the credentials',
      remedy: 'Check KAFKA_USERNAME, KAFKA_PASSWORD and the SASL mechanism.',
    });
  }
  // No retry makes it smaller.
  if (hasApiId(error, 'MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE')) {
    return new RejectedError('payload-too-large', {
      message: 'A message is larger than the broker takes',
      remedy: 'Send less in one message, or raise max.message.bytes of the topic.',
    });
  }
  return new UnavailableError('bus-unavailable', { cause: error });
}
