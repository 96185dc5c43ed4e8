import { type BatchResult, type ProcessingType, resultSchemas } from '@sdp/shared/contracts';
import { IntegrityError } from '@sdp/shared/errors';

/** The widest result holds 50 generalized values of 4,096 characters. */
const maximumLineBytes = 2 * 1_048_576;

function invalid(message: string, row?: number): IntegrityError {
  return new IntegrityError('server-response-invalid', { message, ...(row === undefined ? {} : { details: { row } }) });
}

/**
 * Reads a batch's results from NDJSON and believes none of it: every line is bounded and has the fields of its kind and
 * no others, numbers count up from 1, and there are as many as the batch has records.
 *
 * @throws {IntegrityError} `server-response-invalid`
 */
export async function* readResults(
  body: AsyncIterable<Uint8Array>,
  type: ProcessingType,
  recordCount: number,
): AsyncGenerator<BatchResult> {
  let expected = 1;
  for await (const line of linesOf(body)) {
    if (expected > recordCount) throw invalid('The server sent more results than the batch has records');
    const result = parseResult(line, type, expected);
    if (result.seq !== expected) throw invalid('The server’s results are out of order, doubled or missing', expected);
    expected += 1;
    yield result;
  }
  if (expected <= recordCount) throw invalid('The server sent fewer results than the batch has records');
}

function parseResult(line: string, type: ProcessingType, row: number): BatchResult {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    throw invalid('A result is not JSON', row);
  }
  const parsed = resultSchemas[type].safeParse(json);
  if (!parsed.success) throw invalid('A result does not have the fields of its kind', row);
  return parsed.data;
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  for await (const chunk of body) {
    rest += decode(decoder, chunk);
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > maximumLineBytes) throw invalid('A result is longer than any result should be');
    for (const line of lines) {
      if (line.length > maximumLineBytes) throw invalid('A result is longer than any result should be');
      if (line !== '') yield line;
    }
  }
  rest += decode(decoder);
  if (rest !== '') yield rest;
}

function decode(decoder: InstanceType<typeof TextDecoder>, chunk?: Uint8Array): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch {
    throw invalid('The server’s results are not UTF-8');
  }
}
