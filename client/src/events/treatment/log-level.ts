import type { LogLevel } from '@sdp/shared/contracts';

const levels: Readonly<Record<string, LogLevel>> = {
  trace: 'TRACE',
  verbose: 'TRACE',
  finest: 'TRACE',
  debug: 'DEBUG',
  fine: 'DEBUG',
  info: 'INFO',
  information: 'INFO',
  informational: 'INFO',
  notice: 'INFO',
  warn: 'WARN',
  warning: 'WARN',
  err: 'ERROR',
  error: 'ERROR',
  severe: 'ERROR',
  fatal: 'FATAL',
  crit: 'FATAL',
  critical: 'FATAL',
  alert: 'FATAL',
  emerg: 'FATAL',
  emergency: 'FATAL',
  panic: 'FATAL',
};

/** The level of an event for the words of usual loggers, in any case; `undefined` for others. */
export function logLevel(word: string): LogLevel | undefined {
  const key = word.trim().toLowerCase();
  return Object.hasOwn(levels, key) ? levels[key] : undefined;
}
