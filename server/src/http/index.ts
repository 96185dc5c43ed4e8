export {
  type ApiKeyStore,
  type ApiKeySummary,
  createApiKeyStore,
  defaultScopes,
  type NewApiKey,
} from './api-keys/api-key-store.ts';
export { type AppOptions, createApp } from './app.ts';
export { keyAuthenticator } from './authentication.ts';
export { type ItemRate, itemRate } from './item-rate.ts';
export { parsedAs, readJsonBody } from './json-body.ts';
export { type HttpListener, type ListenOptions, listen } from './listen.ts';
export { type ApiPaths, createOpenApi, jsonContent, openApiRoute, problemContent } from './openapi.ts';
export { problemOf } from './problems.ts';
export { attemptRateLimit, principalRateLimit } from './rate-limit.ts';
export { clientOf, contextOf, named, principalOf, type RequestContext } from './request-context.ts';
export { type Dependency, probeRoutes, type ServerInfoOptions, serverInfoRoute } from './system-routes.ts';
export { asksForWebSocket, takeOver, type Upgrade, upgradeOf } from './upgrade.ts';
