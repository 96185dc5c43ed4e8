import type { Logger } from 'pino';

/** What the bus says of itself; any pino logger fits. */
export type BusLogger = Pick<Logger, 'info' | 'warn' | 'error'>;
