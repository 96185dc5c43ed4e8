import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A message as kcat sees it, byte for byte. */
export interface ForeignMessage {
  readonly key: Buffer;
  readonly value: Buffer;
  /** In their order; a name may stand there twice. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/**
 * kcat (librdkafka), a Kafka client that has nothing to do with ours.
 *
 * @returns why it isn't there, where it isn't; in CI, where Kafka is required, that is a failure
 */
export function findKcat(): Kcat | { readonly skipped: string } {
  if (spawnSync('kcat', ['-V'], { stdio: 'ignore' }).status === 0) return new Kcat();
  const skipped = 'kcat is not installed (Debian: apt install kcat).';
  if (process.env['SDP_REQUIRE_KAFKA'] === '1' && process.env['CI'] === 'true') throw new Error(skipped);
  return { skipped };
}

export class Kcat {
  /** Options by which it reaches the broker. */
  broker: readonly string[] = [];
  readonly #dir = mkdtempSync(join(tmpdir(), 'sdp-kcat-'));

  /** Writes one message to a partition. Without a key it has none. */
  produce(topic: string, partition: number, { key, value, headers = [] }: Partial<ForeignMessage>): void {
    const file = join(this.#dir, 'message');
    writeFileSync(file, value ?? '');
    const keyArgs = key === undefined ? [] : ['-k', key.toString('utf8')];
    const headerArgs = headers.flatMap(([name, text]) => ['-H', `${name}=${text}`]);
    this.#run(['-P', '-t', topic, '-p', String(partition), ...keyArgs, ...headerArgs, file]);
  }

  /** All messages of a partition. */
  consume(topic: string, partition: number): ForeignMessage[] {
    // Lengths come first, since values may hold anything.
    const format = '%K %S %R\n%k%s%h\n';
    const args = ['-C', '-t', topic, '-p', String(partition), '-o', 'beginning', '-e', '-q', '-f', format];
    let rest = this.#run(args);
    const messages: ForeignMessage[] = [];
    while (rest.length > 0) {
      const end = rest.indexOf('\n');
      const [keyBytes = 0, valueBytes = 0] = rest
        .subarray(0, end)
        .toString()
        .split(' ')
        .map((text) => Math.max(0, Number(text)));
      const [from, split] = [end + 1, end + 1 + keyBytes];
      const headerEnd = rest.indexOf('\n', split + valueBytes);
      messages.push({
        key: rest.subarray(from, split),
        value: rest.subarray(split, split + valueBytes),
        headers: headersOf(rest.subarray(split + valueBytes, headerEnd).toString()),
      });
      rest = rest.subarray(headerEnd + 1);
    }
    return messages;
  }

  close(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #run(args: readonly string[]): Buffer {
    const all = [...this.broker, ...args];
    const { status, stdout, stderr } = spawnSync('kcat', all, { maxBuffer: 1 << 28, timeout: 30_000 });
    if (status !== 0) throw new Error(`kcat ended with status ${status}: ${stderr}`);
    return stdout;
  }
}

/** `name=value,name=value`; ours hold no comma. */
function headersOf(text: string): [string, string][] {
  if (text === '') return [];
  return text.split(',').map((part) => {
    const [name = '', ...value] = part.split('=');
    return [name, value.join('=')];
  });
}
