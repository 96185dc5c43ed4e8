import { type ErrorCode, GateError, SdpError, UsageError } from '@sdp/shared/errors';
import { type DeadLetters, type LetterPlace, parseLetterId } from '../dead-letters/index.ts';
import type { Choice, ChosenOptions } from './dead-letters-options.ts';
import { printLine } from './print.ts';

type Refused = ReadonlyMap<string, ErrorCode>;

/** Replays letters by their ids, or as many of a topic as can be, once their number is confirmed. */
export async function replayLetters(
  letters: DeadLetters,
  choice: Choice,
  { code, count, unproven, json }: ChosenOptions & { readonly unproven: boolean },
): Promise<void> {
  const refused = new Map<string, ErrorCode>();
  let places: readonly LetterPlace[];
  if ('ids' in choice) places = choice.ids.map(parseLetterId);
  else {
    const possible: LetterPlace[] = [];
    for await (const letter of letters.letters(choice.topic, { code })) {
      const obstacle = await letters.obstacle(letter, { unproven });
      if (obstacle === undefined) possible.push(letter.letter);
      else refused.set(letter.id, obstacle);
    }
    confirm(possible.length, refused, count);
    places = possible.map(({ topic, partition, offset }) => ({ topic, partition, offset }));
  }
  const replayed: { id: string; event_id: string }[] = [];
  for (const place of places) {
    const id = `${place.topic}:${place.partition}:${place.offset}`;
    try {
      replayed.push({ id, event_id: await letters.replay(await letters.find(place), { unproven }) });
    } catch (error) {
      // One alone says by itself what is wrong; an outage is no matter of the letter.
      if (!(error instanceof SdpError) || error.retryable || ('ids' in choice && places.length === 1)) throw error;
      refused.set(id, error.code);
    }
  }
  report(replayed, refused, json);
  if ('ids' in choice && refused.size > 0) throw incomplete(refused.size);
}

/** @throws {UsageError} `dead-letter-count` */
export function confirm(possible: number, refused: Refused, count: number | undefined): void {
  if (count === possible) return;
  const others = refused.size === 0 ? '' : `; ${refused.size} cannot be: ${reasons(refused)}`;
  const found = `${possible === 1 ? '1 letter' : `${possible} letters`} can be taken${others}`;
  throw new UsageError('dead-letter-count', {
    message: count === undefined ? found : `--count says ${count}, but ${found}`,
    remedy: possible === 0 ? 'There is nothing to do.' : `Look at them, then add --count ${possible}.`,
    details: { count: possible },
  });
}

function report(replayed: readonly { id: string; event_id: string }[], refused: Refused, json: boolean): void {
  if (json) {
    const refusals = [...refused].map(([id, code]) => ({ id, code }));
    printLine(JSON.stringify({ replayed, refused: refusals }));
    return;
  }
  for (const { id, event_id } of replayed) printLine(`replayed ${id} as ${event_id}`);
  for (const [id, code] of refused) printLine(`not replayed ${id}: ${code}`);
  printLine(`${replayed.length} replayed, ${refused.size} not.`);
}

export function incomplete(count: number): GateError {
  return new GateError('gate-not-met', {
    message: `${count} of the letters named could not be taken`,
    remedy: '`sdp-server dead-letters show` says what is to be done with each.',
    details: { count },
  });
}

export function reasons(refused: Refused): string {
  const counts = Map.groupBy(refused.values(), (code) => code);
  return [...counts].map(([code, all]) => `${code} ${all.length}`).join(', ');
}
