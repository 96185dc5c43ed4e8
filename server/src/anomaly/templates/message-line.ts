/** Lines before one with a word that are skipped. */
const skippedLines = 20;
const escapeCharacter = String.fromCharCode(27);
/** Colours and other control sequences of terminals (ECMA-48). */
const controlSequence = new RegExp(`${escapeCharacter}\\[[0-?]*[ -/]*[@-~]`, 'g');
const wordlike = /[\p{L}\p{N}]/u;

/** Where structured logs keep what a person reads, the usual names first. */
const messageFields = [
  'msg',
  'message',
  '@message',
  'MESSAGE',
  'short_message',
  'event',
  'log',
  'body',
  'text',
] as const;
/** Keys whose quoted value is a text, not a value. */
export const messageKeys: ReadonlySet<string> = new Set(messageFields);

/**
 * The one line of a message that says which kind it is: its first one with a letter or a digit, without colours; of a
 * message that is a JSON object, of its own message (`{"level":"info","msg":"started"}`).
 */
export function messageLine(text: string): string {
  const message = text.charCodeAt(0) === 0x7b ? (messageOfJson(text) ?? text) : text;
  return firstLine(message.includes(escapeCharacter) ? message.replace(controlSequence, '') : message);
}

function firstLine(text: string): string {
  let end = text.indexOf('\n');
  if (end === -1) return text;
  let from = 0;
  for (let line = 0; line < skippedLines && end !== -1; line += 1) {
    const first = text.slice(from, end);
    if (wordlike.test(first)) return first;
    from = end + 1;
    end = text.indexOf('\n', from);
  }
  return end === -1 ? text.slice(from) : text.slice(from, end);
}

function messageOfJson(text: string): string | undefined {
  if (!text.trimEnd().endsWith('}')) return undefined;
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  for (const field of messageFields) {
    const message = parsed[field];
    if (typeof message === 'string' && wordlike.test(message)) return message;
  }
  return undefined;
}
