import type { LogLevel } from '@sdp/shared/contracts';
import { logLevel } from '../events/index.ts';
import { flatAttributes, type Scalar, scalarOf } from './any-value.ts';
import { isoTime, msOf, resourceParts } from './event-parts.ts';
import type { LogRecord, LogsRequest } from './otlp-types.ts';
import type { RequestEvent, RequestEvents } from './request-event.ts';

const levels: readonly LogLevel[] = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

/**
 * One event for each log record, still with all that it says.
 *
 * @param userAttributes names of attributes that say whose record it is; the first that is there becomes `user_id`
 */
export function logEvents(request: LogsRequest, userAttributes: readonly string[]): RequestEvents {
  const events: RequestEvent[] = [];
  let position = 0;
  for (const { resource, scopeLogs } of request.resourceLogs ?? []) {
    const { source, host, rest } = resourceParts(resource?.attributes);
    for (const { scope, logRecords } of scopeLogs ?? []) {
      for (const record of logRecords ?? []) {
        const attributes = flatAttributes(record.attributes);
        const user = userAttributes.find((name) => attributes.has(name));
        const userId = user === undefined ? undefined : String(attributes.get(user));
        if (user !== undefined) attributes.delete(user);
        addContext(attributes, record, scope?.name);
        for (const [name, value] of rest) if (!attributes.has(name)) attributes.set(name, value);
        const saidMs = msOf(record.timeUnixNano) ?? msOf(record.observedTimeUnixNano);
        const event = {
          type: 'log',
          at: isoTime(saidMs ?? Date.now()),
          level: levelOf(record),
          message: String(scalarOf(record.body) ?? ''),
          ...(userId === undefined || userId === '' ? {} : { user_id: userId }),
          ...(source === undefined ? {} : { source }),
          ...(host === undefined ? {} : { host }),
          ...(attributes.size === 0 ? {} : { attributes: Object.fromEntries(attributes) }),
        };
        position += 1;
        events.push({ event, items: 1, ...(saidMs === undefined ? {} : { position: String(position) }) });
      }
    }
  }
  return { events, unusable: 0 };
}

function addContext(attributes: Map<string, Scalar>, record: LogRecord, scope: string | undefined): void {
  const { traceId, spanId, eventName } = record;
  const hex = (id: string | Uint8Array) => (typeof id === 'string' ? id : Buffer.from(id).toString('hex'));
  if (traceId !== undefined && traceId.length > 0) attributes.set('trace_id', hex(traceId));
  if (spanId !== undefined && spanId.length > 0) attributes.set('span_id', hex(spanId));
  if (eventName !== undefined && eventName !== '') attributes.set('event_name', eventName);
  if (scope !== undefined && scope !== '') attributes.set('scope', scope);
}

/** Severity numbers come in six groups of four (OpenTelemetry logs data model); JSON may have their names. */
function levelOf({ severityNumber, severityText }: LogRecord): LogLevel {
  const named =
    typeof severityNumber === 'string' ? /^SEVERITY_NUMBER_([A-Z]+)\d?$/.exec(severityNumber)?.[1] : undefined;
  const number = typeof severityNumber === 'number' ? severityNumber : 0;
  const level = number >= 1 && number <= 24 ? levels[Math.floor((number - 1) / 4)] : undefined;
  return level ?? (named === undefined ? undefined : logLevel(named)) ?? logLevel(severityText ?? '') ?? 'INFO';
}
