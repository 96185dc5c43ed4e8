/**
 * A keyed function from a value to its digest, given in from outside so that this part needs no crypto of its own:
 * HMAC-SHA-256 as lower-case hex in the CLI and the server, whatever the platform offers in a browser.
 */
export type KeyedHash = (value: string) => string;

/**
 * What goes into a token's digest before the value, each part length-prefixed. The namespace keeps equal values of
 * different columns apart unless a configuration shares it on purpose.
 */
export function tokenDomain(namespace: string): readonly [string, string] {
  return ['sdp-token-v1', namespace];
}

/** As {@link tokenDomain}, for the irreversible method: a hash tells nothing about the token of the same value. */
export function hashDomain(namespace: string): readonly [string, string] {
  return ['sdp-hash-v1', namespace];
}
