import { RejectedError, UnavailableError } from '@sdp/shared/errors';
import * as oidc from 'openid-client';

export interface OidcSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  /** By which the provider tells who it is, as the user is called here. */
  readonly nameClaim: string;
}

/** What has to come back from the provider, and what only who began it has. */
export interface OidcAttempt {
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
}

/** Whom the provider vouches for. */
export interface OidcIdentity {
  readonly issuer: string;
  readonly subject: string;
  /** Undefined where the provider doesn't tell, or tells of an address that it hasn't checked. */
  readonly name: string | undefined;
}

/** Signing in at a provider of OpenID Connect: authorization code with PKCE (RFC 7636), signed ID tokens. */
export interface OidcClient {
  /** @throws {UnavailableError} `oidc-unavailable` */
  begin(): Promise<{ readonly url: URL; readonly attempt: OidcAttempt }>;
  /**
   * @param query what the provider sent back
   * @throws {RejectedError} `sign-in-refused`
   * @throws {UnavailableError} `oidc-unavailable`
   */
  finish(query: string, attempt: OidcAttempt): Promise<OidcIdentity>;
}

const timeoutSeconds = 10;
const emailClaim = 'email';

/** @param redirectUri as it is registered at the provider */
export function createOidcClient(settings: OidcSettings, redirectUri: string): OidcClient {
  const { issuer, clientId, clientSecret, nameClaim } = settings;
  let discovered: Promise<oidc.Configuration> | undefined;
  const configuration = async (): Promise<oidc.Configuration> => {
    discovered ??= oidc.discovery(new URL(issuer), clientId, clientSecret, undefined, {
      timeout: timeoutSeconds,
      execute: [oidc.enableNonRepudiationChecks, ...(isThisMachine(issuer) ? [oidc.allowInsecureRequests] : [])],
    });
    try {
      return await discovered;
    } catch {
      // Asked again the next time.
      discovered = undefined;
      throw new UnavailableError('oidc-unavailable');
    }
  };
  return {
    async begin() {
      const config = await configuration();
      const attempt = {
        verifier: oidc.randomPKCECodeVerifier(),
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
      };
      const url = oidc.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: 'openid email profile',
        code_challenge: await oidc.calculatePKCECodeChallenge(attempt.verifier),
        code_challenge_method: 'S256',
        state: attempt.state,
        nonce: attempt.nonce,
      });
      return { url, attempt };
    },
    async finish(query, { verifier, state, nonce }) {
      const config = await configuration();
      const current = new URL(redirectUri);
      current.search = query;
      try {
        const tokens = await oidc.authorizationCodeGrant(config, current, {
          pkceCodeVerifier: verifier,
          expectedState: state,
          expectedNonce: nonce,
          idTokenExpected: true,
        });
        const claims = tokens.claims();
        if (!claims) throw new RejectedError('sign-in-refused');
        const told = claims[nameClaim] === undefined ? await userInfo(config, tokens.access_token, claims.sub) : claims;
        return { issuer: claims.iss, subject: claims.sub, name: nameIn(told, nameClaim) };
      } catch (error) {
        throw asRefusal(error);
      }
    },
  };
}

async function userInfo(config: oidc.Configuration, accessToken: string, subject: string) {
  if (config.serverMetadata().userinfo_endpoint === undefined) return {};
  return oidc.fetchUserInfo(config, accessToken, subject);
}

function nameIn(claims: Readonly<Record<string, unknown>>, nameClaim: string): string | undefined {
  const name = claims[nameClaim];
  if (typeof name !== 'string' || name === '') return undefined;
  // Anybody may say that an address is theirs.
  return nameClaim !== emailClaim || claims['email_verified'] === true ? name : undefined;
}

/** The causes are left out: they quote what was sent. */
function asRefusal(error: unknown): RejectedError | UnavailableError {
  if (error instanceof RejectedError || error instanceof UnavailableError) return error;
  const isAnswer =
    error instanceof oidc.AuthorizationResponseError ||
    error instanceof oidc.ResponseBodyError ||
    error instanceof oidc.ClientError;
  const isTimeout = error instanceof oidc.ClientError && /TIMEOUT|NETWORK/.test(error.code ?? '');
  if (!isAnswer || isTimeout) return new UnavailableError('oidc-unavailable');
  return new RejectedError('sign-in-refused', {
    message: 'The service that you sign in with does not vouch for you',
    remedy: 'Begin again; if it goes on, ask an Admin.',
  });
}

function isThisMachine(issuer: string): boolean {
  return ['127.0.0.1', '[::1]', 'localhost'].includes(new URL(issuer).hostname);
}
