import { type ErrorCode, errorRegistry } from '@sdp/shared/errors';
import { deadLetterHeaders, messageHeaders } from '@sdp/shared/messaging';
import { type DeadLetters, type DecidedLetter, type Original, parseLetterId } from '../dead-letters/index.ts';
import { letterJson, stateOf } from './dead-letters-list.ts';
import { printLine } from './print.ts';
import { printable } from './printable.ts';

/** Headers whose values are ours; a stranger's could hold anybody's data. */
const shownHeaders: ReadonlySet<string> = new Set([
  ...Object.values(deadLetterHeaders),
  ...Object.values(messageHeaders),
  ...['traceparent', 'tracestate'],
]);

/** Prints one letter. What can't be verified is counted and not shown: it may be raw data of whoever sent it. */
export async function showLetter(letters: DeadLetters, id: string, json: boolean): Promise<void> {
  const letter = await letters.find(parseLetterId(id));
  const original = letters.original(letter);
  const obstacle = await letters.obstacle(letter);
  if (json) {
    printLine(JSON.stringify(toJson(letter, original, obstacle)));
    return;
  }
  const { source, sourceTimestamp, attempts, code, decision } = letter;
  const lines: [string, string | undefined][] = [
    ['letter', letter.id],
    ['buried', letter.letter.timestamp.toISOString()],
    ['reason', `${code}: ${titleOf(code)}`],
    ['what to do', remedyOf(code)],
    ['attempts', attempts === undefined ? undefined : String(attempts)],
    ['original', source && `${source.topic}, partition ${source.partition}, offset ${source.offset}`],
    ['logged', sourceTimestamp],
    ['state', stateOf(decision)],
    ['decided', decision?.decidedAt.toISOString()],
    ['replayed as', decision?.eventId],
    ['discarded for', decision?.reason && printable(decision.reason)],
    ['replay', obstacle === undefined ? 'possible' : `not possible: ${obstacle}, ${titleOf(obstacle)}`],
  ];
  for (const [name, value] of lines) if (value !== undefined) printLine(`${name.padEnd(14)}${value}`);
  printLine('');
  printLine('headers');
  for (const [name, value] of headersOf(letter)) printLine(`  ${name}: ${value}`);
  printLine('');
  if (original === undefined) {
    const bytes = letter.letter.value.byteLength;
    printLine(`payload: ${bytes} bytes, not shown, because they do not open with the keys of this server`);
    return;
  }
  const { envelope } = original;
  printLine(`sealed        ${envelope.sealedAt.toISOString()} under ${envelope.keyId}`);
  printLine(`signed        by ${envelope.party} with ${envelope.signingKeyId} (${envelope.signature})`);
  printLine(`key           ${printable(letter.letter.key)}`);
  printLine('payload, with what the policy of its topic speaks of cut out');
  for (const line of JSON.stringify(original.masked, null, 2).split('\n'))
    printLine(`  ${printable(line, Number.POSITIVE_INFINITY)}`);
}

function headersOf({ letter }: DecidedLetter): [string, string][] {
  return Object.entries(letter.headers).map(([name, value]) => [
    printable(name, 80),
    shownHeaders.has(name) ? printable(value) : `(${Buffer.byteLength(value)} bytes, not shown)`,
  ]);
}

function toJson(letter: DecidedLetter, original: Original | undefined, obstacle: ErrorCode | undefined) {
  return {
    ...letterJson(letter),
    headers: Object.fromEntries(headersOf(letter)),
    replay_obstacle: obstacle ?? null,
    ...(letter.decision?.eventId !== undefined && { replayed_as: letter.decision.eventId }),
    ...(letter.decision?.reason !== undefined && { discard_reason: letter.decision.reason }),
    opened:
      original === undefined
        ? null
        : {
            ...{ key: letter.letter.key, key_id: original.envelope.keyId, party: original.envelope.party },
            ...{ signing_key_id: original.envelope.signingKeyId, sealed_at: original.envelope.sealedAt.toISOString() },
            payload: original.masked,
          },
  };
}

function titleOf(code: string): string {
  return Object.hasOwn(errorRegistry, code)
    ? errorRegistry[code as ErrorCode].title
    : 'no reason that this version knows';
}

function remedyOf(code: string): string | undefined {
  return Object.hasOwn(errorRegistry, code) ? errorRegistry[code as ErrorCode].remedy : undefined;
}
