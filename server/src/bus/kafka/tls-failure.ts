import { ConfigError } from '@sdp/shared/errors';

const tlsCode =
  /^(UNABLE_TO_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_|ERR_SSL_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_MISMATCH|CRL_|EPROTO$)/;

/** Whether the code of an error, Node's or OpenSSL's, speaks of TLS and certificates. */
export function isTlsCode(code: string): boolean {
  return tlsCode.test(code);
}

/** Where no code tells: the broker answers only to TLS, and none was asked for. */
export const tlsOnly = 'TLS_ONLY';
/** Where no code tells: TLS was asked for, and the broker closes. */
export const noTls = 'ERR_SSL_NONE';

/** What a code means to whoever sets the server up. */
export function tlsFailure(code: string): ConfigError {
  const [message, remedy] = explain(code);
  return new ConfigError('bus-tls-failed', { message, remedy });
}

function explain(code: string): readonly [message: string, remedy: string] {
  if (code === tlsOnly) {
    return [
      'The broker answers only to TLS',
      'Set KAFKA_SSL_CA to the authority of its certificate, or KAFKA_SSL=true.',
    ];
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'HOSTNAME_MISMATCH') {
    return [
      'The broker’s certificate is for another host name',
      'Name the broker in KAFKA_BROKERS as its certificate does, and look at its advertised.listeners.',
    ];
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return ['The broker’s certificate is not valid now', 'Renew it, and look at this machine’s clock.'];
  }
  if (/^ERR_SSL_.*ALERT/.test(code)) {
    return [
      'The broker does not take the client certificate, or misses one',
      'Set KAFKA_SSL_CERT and KAFKA_SSL_KEY to a certificate from an authority that the broker trusts.',
    ];
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_') || code === 'ERR_TLS_HANDSHAKE_TIMEOUT') {
    return [
      'The broker does not answer with TLS',
      'Check the port in KAFKA_BROKERS; plain ports need KAFKA_SSL=false.',
    ];
  }
  return [
    'The broker’s certificate is not from an authority that is trusted',
    'Set KAFKA_SSL_CA to the authority that it is from.',
  ];
}
