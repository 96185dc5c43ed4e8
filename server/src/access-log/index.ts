export { accessLogPaths } from './access-log-api.ts';
export { type AccessLogRoutesOptions, accessLogRoutes } from './access-log-routes.ts';
