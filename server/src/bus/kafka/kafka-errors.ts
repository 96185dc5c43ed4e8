import { ConfigError, RejectedError, SdpError, UnavailableError } from '@sdp/shared/errors';
import { isTlsCode, tlsFailure } from './tls-failure.ts';

/** Whether the error, or one of those it was made of, carries this id of the Kafka protocol. */
export function hasApiId(error: unknown, ...ids: readonly string[]): boolean {
  return partsOf(error).some(({ apiId }) => apiId !== undefined && ids.includes(apiId));
}

/** The broker, or its authorizer, does not let us. */
export function isForbidden(error: unknown): boolean {
  return hasApiId(
    error,
    'TOPIC_AUTHORIZATION_FAILED',
    'GROUP_AUTHORIZATION_FAILED',
    'CLUSTER_AUTHORIZATION_FAILED',
    'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  );
}

/** What the library throws, in SDP's terms. Its messages name hosts and error codes, never payloads. */
export function asBusError(error: unknown): unknown {
  if (error instanceof SdpError || !(error instanceof Error)) return error;
  // Not by the library's own class of error: a broker that dies during the exchange of credentials has it, too.
  if (hasApiId(error, 'SASL_AUTHENTICATION_FAILED', 'UNSUPPORTED_SASL_MECHANISM', 'ILLEGAL_SASL_STATE')) {
    return new ConfigError('bus-credentials-refused');
  }
  const tlsCode = partsOf(error).find(({ code }) => code !== undefined && isTlsCode(code))?.code;
  if (tlsCode !== undefined) return tlsFailure(tlsCode);
  if (isForbidden(error)) {
    return new RejectedError('topic-forbidden', {
      message: 'The broker’s access rules do not allow this',
      remedy:
        'Give the broker the rules that `sdp-server topics acls` prints, and have an administrator run `sdp-server topics apply`: servers need not make topics.',
    });
  }
  if (hasApiId(error, 'INVALID_REPLICATION_FACTOR', 'INVALID_PARTITIONS', 'INVALID_CONFIG', 'POLICY_VIOLATION')) {
    return new ConfigError('config-invalid', {
      message: 'The broker does not take a topic as it is described',
      remedy: 'Ask for no more copies than there are brokers, and look at the broker’s own policies.',
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

interface ErrorPart {
  readonly code?: string | undefined;
  /** Of the Kafka protocol. */
  readonly apiId?: string | undefined;
}

/** The error and all that it was made of; the library's own search leaves out causes. */
function partsOf(error: unknown): ErrorPart[] {
  if (!(error instanceof Error)) return [];
  const { code, apiId } = error as ErrorPart;
  const parts = error instanceof AggregateError ? error.errors : [];
  return [{ code, apiId }, ...[...parts, error.cause].flatMap(partsOf)];
}
