import { Worker } from 'node:worker_threads';
import { type CodeOf, errorRegistry, IntegrityError, SdpError, VaultError } from '@sdp/shared/errors';
import { type BatchBuffers, BatchBuilder, newBatchBuffers, sizeOf, transferListOf } from './batch.ts';
import type { BatchFollower, NamespaceUse } from './namespace-use.ts';
import type { FromWorker, ToWorker, WorkerFailure, WorkerStart } from './worker-messages.ts';

/** Messages that may wait for the worker or be with it before `drain` waits: one in any case, two where they are small. */
const inFlightBound = 2;
const inFlightBytesBound = 24 * 1024 * 1024;
const sparesKept = 2;
const spareBytesBound = 16 * 1024 * 1024;
/** From so many values on a namespace is filled in larger batches. */
const largeNamespace = 2_000_000;
/**
 * What may wait in all namespaces together before the fullest is sent, however many columns a table has. Less than the
 * full batches of a few columns: those of a table would all be full in the same row, and the two threads wait in turn.
 */
const waitingBytesBound = 12 * 1024 * 1024;
/** The same where a namespace is large: larger batches are worth more there. */
const waitingBytesBoundIfLarge = 32 * 1024 * 1024;
/** Values between two looks at that bound. */
const boundCheckedEvery = 4_096;

const noPositions = new Uint32Array(0);

/** Collects values into batches and hands them to the worker thread, which it starts when there is something to do. */
export class SealingQueue {
  readonly #start: WorkerStart;
  readonly #builders = new Map<string, BatchBuilder>();
  readonly #spares: BatchBuffers[] = [];
  /** Of each message under way, whom to tell about its batches. The worker answers in order. */
  readonly #followers: (readonly (BatchFollower | undefined)[])[] = [];
  #worker: Worker | undefined;
  /** Bytes of each message under way, in order. */
  readonly #inFlightBytes: number[] = [];
  /** Values that were sent, by namespace. */
  readonly #sent = new Map<string, number>();
  #inFlight = 0;
  #sinceBoundChecked = 0;
  #failure: SdpError | undefined;
  #waiting: { readonly isOver: () => boolean; readonly settle: () => void }[] = [];

  constructor(start: WorkerStart) {
    this.#start = start;
  }

  /** @throws whatever went wrong before: nothing is taken after a failure */
  builderFor(use: NamespaceUse): BatchBuilder {
    if (this.#failure !== undefined) throw this.#failure;
    if (++this.#sinceBoundChecked === boundCheckedEvery) this.#keepBound();
    let builder = this.#builders.get(use.namespace);
    if (builder?.isFull) {
      this.#send([builder]);
      builder = undefined;
    }
    if (builder === undefined) {
      const buffers = this.#spares.pop() ?? newBatchBuffers();
      const isLarge = use.entriesBefore + (this.#sent.get(use.namespace) ?? 0) >= largeNamespace;
      builder = new BatchBuilder(use.namespace, buffers, use, use.follow?.(), isLarge);
      this.#builders.set(use.namespace, builder);
    }
    return builder;
  }

  /** Whether anything was given to the worker. */
  get hasSent(): boolean {
    return this.#worker !== undefined;
  }

  drain(): Promise<void> {
    return this.#waitUntil(() => {
      if (this.#inFlight <= 1) return true;
      return this.#inFlight <= inFlightBound && sum(this.#inFlightBytes) <= inFlightBytesBound;
    });
  }

  async flush(): Promise<void> {
    const rest = [...this.#builders.values()].filter((builder) => builder.count > 0);
    this.#builders.clear();
    // Together, so that many small namespaces cost one commit.
    if (rest.length > 0 && this.#failure === undefined) this.#send(rest);
    await this.#waitUntil(() => this.#inFlight === 0);
  }

  /** Stops the worker once it has done what it was given. Values that were not flushed are dropped. */
  async stop(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#worker = undefined;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.ref();
    worker.postMessage({ type: 'stop' } satisfies ToWorker);
    await ended;
  }

  #keepBound(): void {
    this.#sinceBoundChecked = 0;
    let waiting = 0;
    let bound = waitingBytesBound;
    let fullest: BatchBuilder | undefined;
    for (const builder of this.#builders.values()) {
      waiting += builder.sizeBytes;
      if (builder.isLarge) bound = waitingBytesBoundIfLarge;
      if (builder.sizeBytes > (fullest?.sizeBytes ?? 0)) fullest = builder;
    }
    if (waiting < bound || fullest === undefined) return;
    this.#builders.delete(fullest.namespace);
    this.#send([fullest]);
  }

  #send(builders: readonly BatchBuilder[]): void {
    const batches = builders.map((builder) => builder.take());
    for (const { namespace, count } of batches) this.#sent.set(namespace, (this.#sent.get(namespace) ?? 0) + count);
    this.#inFlightBytes.push(sum(batches.map(sizeOf)));
    this.#followers.push(builders.map(({ follower }) => follower));
    this.#worker ??= this.#startWorker();
    this.#inFlight += 1;
    this.#worker.ref();
    this.#worker.postMessage({ type: 'write', batches } satisfies ToWorker, batches.flatMap(transferListOf));
  }

  #startWorker(): Worker {
    const fromSource = import.meta.url.endsWith('.ts');
    const worker = new Worker(new URL(fromSource ? './vault-worker.ts' : './vault-worker.js', import.meta.url), {
      workerData: this.#start,
      // What it makes is short-lived and small; left to itself V8 would let the young generation grow to 48 MB.
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
      ...(fromSource ? { execArgv: ['--conditions=sdp-source'] } : {}),
    });
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'failed') return this.#fail(errorFrom(message.failure));
      const followers = this.#followers.shift() ?? [];
      for (const [i, follower] of followers.entries()) follower?.written(message.differing[i] ?? noPositions);
      for (const buffers of message.buffers) {
        // Not many, and none that grew for long values.
        const bytes = sum(this.#spares.map(sizeOf)) + sizeOf(buffers);
        if (bytes <= spareBytesBound && this.#spares.length < sparesKept) this.#spares.push(buffers);
        else letGo(buffers);
      }
      this.#inFlight -= 1;
      this.#inFlightBytes.shift();
      if (this.#inFlight === 0) worker.unref();
      this.#settle();
    });
    worker.on('error', (error) => this.#fail(new VaultError('vault-unusable', { cause: error })));
    worker.on('exit', () => {
      if (this.#inFlight > 0) this.#fail(new VaultError('vault-unusable'));
    });
    return worker;
  }

  #fail(error: SdpError): void {
    this.#failure ??= error;
    this.#inFlight = 0;
    this.#inFlightBytes.length = 0;
    this.#worker?.unref();
    this.#settle();
  }

  #waitUntil(isOver: () => boolean): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (isOver()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = () => (this.#failure === undefined ? resolve() : reject(this.#failure));
      this.#waiting.push({ isOver, settle });
    });
  }

  #settle(): void {
    const done = this.#waiting.filter(({ isOver }) => this.#failure !== undefined || isOver());
    this.#waiting = this.#waiting.filter((waiter) => !done.includes(waiter));
    for (const waiter of done) waiter.settle();
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function errorFrom({ code, ...options }: WorkerFailure): SdpError {
  switch (errorRegistry[code].kind) {
    case 'vault':
      return new VaultError(code as CodeOf<'vault'>, options);
    case 'integrity':
      return new IntegrityError(code as CodeOf<'integrity'>, options);
    default:
      return new SdpError(code, options);
  }
}

/** Frees the bytes at once; the garbage collector would come for them much later. */
function letGo(buffers: BatchBuffers): void {
  for (const bytes of transferListOf(buffers)) bytes.transfer(0);
}
