import { deriveKey, lengthPrefixed, type MasterKey, nonceBytes, openBlob, sealBlob } from '@sdp/shared/crypto';
import type { OidcAttempt } from './oidc-client.ts';

/** What the browser keeps while its user is at the provider. */
export interface KeptAttempt extends OidcAttempt {
  /** Where to go then, on this server; undefined: nowhere. */
  readonly returnTo?: string | undefined;
}

export const attemptSeconds = 600;

/** Seals an attempt for the browser to keep: it can neither read nor change it, and no row has to be stored for whoever asks. */
export interface AttemptSealer {
  seal(attempt: KeptAttempt): string;
  /** @returns undefined for what was not sealed here, or too long ago */
  open(text: string): KeptAttempt | undefined;
}

export function createAttemptSealer(serverKey: MasterKey, now: () => number = Date.now): AttemptSealer {
  const key = deriveKey(serverKey, 'server-oidc-attempt-v1');
  const place = lengthPrefixed('sdp-oidc-attempt-v1');
  return {
    seal(attempt) {
      const { nonce, sealed } = sealBlob(key, place, Buffer.from(JSON.stringify({ ...attempt, at: now() })));
      return Buffer.concat([nonce, sealed]).toString('base64url');
    },
    open(text) {
      const bytes = Buffer.from(text, 'base64url');
      if (bytes.length <= nonceBytes) return undefined;
      const opened = openBlob(key, place, { nonce: bytes.subarray(0, nonceBytes), sealed: bytes.subarray(nonceBytes) });
      if (!opened) return undefined;
      const { at, ...attempt } = JSON.parse(opened.toString('utf8')) as KeptAttempt & { readonly at: number };
      return now() - at <= attemptSeconds * 1_000 ? attempt : undefined;
    },
  };
}
