import { SdpError } from '@sdp/shared/errors';
import { type DestinationStream, type Logger, pino } from 'pino';
import { sqlStateOf } from '../database/index.ts';

export type { Logger };

export interface LoggerOptions {
  readonly level: string;
  /** Standard output where left out. */
  readonly destination?: DestinationStream;
}

/**
 * JSON lines. Messages are constants and fields are chosen one by one; should a secret get in under one of the usual names all the
 * same, it is cut out here.
 */
export function createLogger({ level, destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service: 'sdp-server', pid: process.pid },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: [
        'authorization',
        'cookie',
        'password',
        'dsn',
        'apiKey',
        '*.authorization',
        '*.password',
        '*["x-api-key"]',
      ],
      censor: '[REDACTED]',
    },
  };
  return destination ? pino(options, destination) : pino(options);
}

/**
 * What a log may say of an error: never the message of one that isn't ours, since those quote what they choked on.
 */
export function errorFields(error: unknown): Record<string, unknown> {
  if (error instanceof SdpError) return { code: error.code, detail: error.message, ...errorFields(error.cause) };
  if (!(error instanceof Error)) return {};
  const sqlState = sqlStateOf(error);
  return {
    error: error.name,
    ...(sqlState && { sqlState }),
    stack: error.stack?.split('\n').filter((line) => /^\s+at /.test(line)),
  };
}
