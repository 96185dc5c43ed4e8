import { UsageError } from '@sdp/shared/errors';
import { type BusMessage, deadLetterHeaders } from '@sdp/shared/messaging';

/** A message in a dead-letter topic, with what its headers claim. Whoever may write to the topic can have made it. */
export interface DeadLetter {
  /** `topic:partition:offset`, by which commands name it. */
  readonly id: string;
  readonly letter: BusMessage;
  /** Why it was buried; `unknown` for what no consumer of ours wrote. */
  readonly code: string;
  readonly attempts: number | undefined;
  /** Where the original stood. */
  readonly source: { readonly topic: string; readonly partition: number; readonly offset: bigint } | undefined;
  readonly sourceTimestamp: string | undefined;
  /** Only says where the original lies. */
  readonly isIncomplete: boolean;
}

const codePattern = /^[a-z][a-z0-9-]{0,63}$/;
const topicPattern = /^[A-Za-z0-9._-]{1,249}$/;
const offsetPattern = /^\d{1,18}$/;
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export function readDeadLetter(letter: BusMessage): DeadLetter {
  const { topic, partition, offset, headers } = letter;
  const header = (name: keyof typeof deadLetterHeaders, pattern: RegExp): string | undefined => {
    const value = headers[deadLetterHeaders[name]];
    return value !== undefined && pattern.test(value) ? value : undefined;
  };
  const source = {
    topic: header('topic', topicPattern),
    partition: header('partition', offsetPattern),
    offset: header('offset', offsetPattern),
  };
  const attempts = header('attempts', offsetPattern);
  return {
    id: `${topic}:${partition}:${offset}`,
    letter,
    code: header('code', codePattern) ?? 'unknown',
    attempts: attempts === undefined ? undefined : Number(attempts),
    source:
      source.topic === undefined || source.partition === undefined || source.offset === undefined
        ? undefined
        : { topic: source.topic, partition: Number(source.partition), offset: BigInt(source.offset) },
    sourceTimestamp: header('timestamp', timePattern),
    isIncomplete: headers[deadLetterHeaders.leftOut] !== undefined,
  };
}

export interface LetterPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

/** @throws {UsageError} `usage-invalid` */
export function parseLetterId(id: string): LetterPlace {
  const [, topic, partition, offset] = /^([A-Za-z0-9._-]{1,249}\.dlq):(\d{1,9}):(\d{1,18})$/.exec(id) ?? [];
  if (topic === undefined || partition === undefined || offset === undefined) {
    throw new UsageError('usage-invalid', {
      message: 'A letter is named by topic, partition and offset, such as transaction.ingest.dlq:0:17',
      remedy: '`sdp-server dead-letters list TOPIC` lists the letters of a topic.',
    });
  }
  return { topic, partition: Number(partition), offset: BigInt(offset) };
}
