import { type ErrorCode, SdpError, UsageError } from '@sdp/shared/errors';
import { type DeadLetters, type LetterPlace, parseLetterId } from '../dead-letters/index.ts';
import type { Choice, ChosenOptions } from './dead-letters-options.ts';
import { confirm, incomplete } from './dead-letters-replay.ts';
import { printLine } from './print.ts';

const maxReasonLength = 500;

/** Puts letters aside: those named, or the open ones of a topic once their number is confirmed. */
export async function discardLetters(
  letters: DeadLetters,
  choice: Choice,
  { code, count, reason, json }: ChosenOptions & { readonly reason: string },
): Promise<void> {
  if (reason.trim() === '' || reason.length > maxReasonLength) {
    throw new UsageError('usage-invalid', {
      message: `--reason takes a text of at most ${maxReasonLength} characters`,
    });
  }
  let places: LetterPlace[];
  if ('ids' in choice) places = choice.ids.map(parseLetterId);
  else {
    places = [];
    for await (const { letter } of letters.letters(choice.topic, { code })) {
      places.push({ topic: letter.topic, partition: letter.partition, offset: letter.offset });
    }
    confirm(places.length, new Map(), count);
  }
  const discarded: string[] = [];
  const refused = new Map<string, ErrorCode>();
  for (const place of places) {
    const id = `${place.topic}:${place.partition}:${place.offset}`;
    try {
      await letters.discard(await letters.find(place), reason);
      discarded.push(id);
    } catch (error) {
      if (!(error instanceof SdpError) || error.retryable || places.length === 1) throw error;
      refused.set(id, error.code);
    }
  }
  if (json) {
    const refusals = [...refused].map(([id, each]) => ({ id, code: each }));
    printLine(JSON.stringify({ discarded, refused: refusals }));
  } else {
    for (const id of discarded) printLine(`discarded ${id}`);
    for (const [id, each] of refused) printLine(`not discarded ${id}: ${each}`);
    printLine(`${discarded.length} discarded, ${refused.size} not.`);
  }
  if (refused.size > 0) throw incomplete(refused.size);
}
