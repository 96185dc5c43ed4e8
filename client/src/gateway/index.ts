export { Gateway, type GatewayOptions } from './gateway.ts';
export { metricMappings } from './metric-mapping.ts';
export { isPersonalName } from './personal-names.ts';
export { isLoopbackName } from './sender-check.ts';
