import { AuthenticationError, MultipleErrors, NetworkError, ProtocolError } from '@platformatic/kafka';
import { describe, expect, it } from 'vitest';
import { asBusError, hasApiId } from '../../src/bus/kafka/kafka-errors.ts';
import { tlsFailure } from '../../src/bus/kafka/tls-failure.ts';

/** As the library wraps them: each attempt, each broker, each connection. */
const wrapped = (cause: Error): Error =>
  new MultipleErrors('metadata failed 4 times.', [
    new MultipleErrors('Cannot connect to any broker.', [new NetworkError('Connection to b:1 failed.', { cause })]),
  ]);
const withCode = (code: string) => Object.assign(new Error('handshake'), { code });

describe('errors of the Kafka library', () => {
  it.each([
    [
      'the broker knows the password not',
      new AuthenticationError('x', { cause: new ProtocolError('SASL_AUTHENTICATION_FAILED') }),
      'bus-credentials-refused',
    ],
    [
      'the broker wants no password here',
      new AuthenticationError('x', { cause: new ProtocolError('ILLEGAL_SASL_STATE') }),
      'bus-credentials-refused',
    ],
    [
      'the broker dies while a password is proven',
      new AuthenticationError('x', { cause: new NetworkError('Connection closed') }),
      'bus-unavailable',
    ],
    ['the certificate is of nobody known', withCode('SELF_SIGNED_CERT_IN_CHAIN'), 'bus-tls-failed'],
    ['the certificate is for another host', withCode('ERR_TLS_CERT_ALTNAME_INVALID'), 'bus-tls-failed'],
    ['nobody is there', withCode('ECONNREFUSED'), 'bus-unavailable'],
    ['an access rule is missing', new ProtocolError('TOPIC_AUTHORIZATION_FAILED'), 'topic-forbidden'],
    ['the group is not ours', new ProtocolError('GROUP_AUTHORIZATION_FAILED'), 'topic-forbidden'],
    ['there are fewer brokers than copies', new ProtocolError('INVALID_REPLICATION_FACTOR'), 'config-invalid'],
    ['a message is too large', new ProtocolError('MESSAGE_TOO_LARGE'), 'payload-too-large'],
  ])('say that %s, however deep it lies', (_, cause, code) => {
    expect(asBusError(wrapped(cause))).toMatchObject({ code });
    expect(asBusError(cause)).toMatchObject({ code });
  });

  it('are found by their id in causes and answers', () => {
    expect(hasApiId(wrapped(new ProtocolError('OFFSET_OUT_OF_RANGE')), 'OFFSET_OUT_OF_RANGE')).toBe(true);
    expect(hasApiId(wrapped(withCode('OFFSET_OUT_OF_RANGE')), 'OFFSET_OUT_OF_RANGE')).toBe(false);
    expect(hasApiId('OFFSET_OUT_OF_RANGE', 'OFFSET_OUT_OF_RANGE')).toBe(false);
  });

  it.each([
    ['TLS_ONLY', 'answers only to TLS'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'another host name'],
    ['CERT_HAS_EXPIRED', 'not valid now'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'client certificate'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'does not answer with TLS'],
    ['EPROTO', 'does not answer with TLS'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'not from an authority'],
  ])('tell what %s means', (code, text) => {
    expect(tlsFailure(code)).toMatchObject({ code: 'bus-tls-failed', message: expect.stringContaining(text) });
  });
});
