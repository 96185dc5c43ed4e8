/** What the library says of itself; any pino logger fits. Messages are constant, fields never hold payloads, keys or event ids. */
export interface MessageLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const nothing = (): void => undefined;

export const noLogger: MessageLogger = { info: nothing, warn: nothing, error: nothing };
