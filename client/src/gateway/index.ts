export { Gateway, type GatewayOptions, isLoopbackName } from './gateway.ts';
