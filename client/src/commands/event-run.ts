import type { KeyObject } from 'node:crypto';
import { deriveKey, keyFingerprint } from '@sdp/shared/crypto';
import { InterruptedError } from '@sdp/shared/errors';
import { readEventConfig } from '../config/index.ts';
import {
  Delivery,
  type DeliveryTuning,
  type EventTreatment,
  eventTreatment,
  type FilePosition,
  Intake,
  Spool,
} from '../events/index.ts';
import { loadMasterKey } from '../keys/index.ts';
import { openVault, type Vault } from '../vault/index.ts';
import { type CommandContext, pathForPeople, pathFrom, vaultPathFrom } from './context.ts';
import type { EventFlags } from './event-flags.ts';
import { showEventProgress } from './event-progress.ts';
import { type EventTotals, reportEvents } from './event-report.ts';
import { connectToServer, type ServerTuning } from './server-connection.ts';
import { spoolBytes, spoolPathFrom } from './spool-flags.ts';
import { warnOfLeak } from './warn-of-leak.ts';

/** What tests change of a command. */
export interface EventTuning extends ServerTuning {
  readonly delivery?: DeliveryTuning;
  /** How long an interrupted run goes on delivering. */
  readonly partingMs?: number;
}

/** What a source of events works with. */
export interface EventWay {
  readonly spool: Spool;
  readonly intake: Intake;
  readonly treat: EventTreatment;
  readonly position: FilePosition | undefined;
  /** A key of the master key for a purpose of events, the same on every machine that has it. */
  readonly keyFor: (purpose: string) => KeyObject;
  /** Aborts when nothing more is to be taken: the user's wish, or a failure that no waiting mends. */
  readonly signal: AbortSignal;
}

export interface EventSource {
  /** Takes events until there are no more, or until the signal. @returns whether there are no more */
  readonly take: (way: EventWay) => Promise<boolean>;
  readonly label: string;
  /** Where an input that can be read again was left by an earlier run. */
  readonly position?: (spool: Spool) => Promise<FilePosition>;
  /** Events are brought within the bounds of their contract instead of being refused. */
  readonly fit?: boolean;
  /** Names of attributes and tags whose values become tokens as a whole. */
  readonly isPersonal?: (name: string) => boolean;
  /** Ends by a signal as a matter of course. */
  readonly isService?: boolean;
}

const partingMs = 5_000;
/** One attempt: {@link Delivery} decides itself about the next. */
const once = { maxRetries: 0, initialDelayMs: 0, maxDelayMs: 0, maxRetryAfterSeconds: 0 };

/**
 * Takes events from a source into the spool and sends what waits there, at the same time, and reports.
 *
 * @throws {SdpError} what no waiting mends; `events-undelivered`, `events-refused`, `interrupted` after the report
 */
export async function runEvents(
  context: CommandContext,
  flags: EventFlags,
  source: EventSource,
  tuning: EventTuning,
): Promise<void> {
  const { terminal } = context;
  const startedAt = performance.now();
  const config = flags.config === undefined ? undefined : await readEventConfig(pathFrom(context, flags.config));
  const sending = new AbortController();
  const client = await connectToServer({ ...context, signal: sending.signal }, flags, { retry: tuning.retry ?? once });
  let spool: Spool | undefined;
  let vault: Vault | undefined;
  try {
    const masterKey = await loadMasterKey(context);
    spool = await Spool.open({
      folder: spoolPathFrom(context, flags.spool),
      masterKey,
      maxBytes: spoolBytes(flags),
      mustExist: flags.mustExist ?? false,
    });
    tellFound(context, spool);
    const create = flags.mustExist !== true;
    vault = await openVault({ path: vaultPathFrom(context, flags.vault), masterKey, create });
    warnOfLeak(terminal, vault.pendingAfterLeak());
    const { type, text, utc: assumeUtc = false, region } = flags;
    const { isPersonal } = source;
    const treat = eventTreatment({
      vault,
      config,
      type,
      text,
      assumeUtc,
      region,
      fit: source.fit ?? false,
      isPersonal,
    });
    const reading = new AbortController();
    const delivery = new Delivery({
      spool,
      client,
      keyFingerprints: [...new Set([keyFingerprint(masterKey), ...vault.keyFingerprints()])],
      tuning: tuning.delivery,
      onOutage: (error) =>
        error === undefined
          ? terminal.info('the server takes events again')
          : terminal.warn(`${error.message}; events wait in the spool, and are tried again`),
    });
    const position = await source.position?.(spool);
    const intake = new Intake({
      spool,
      vault,
      maxBytes: spoolBytes(flags),
      onFull: tellFull(context, flags),
      position: position === undefined ? undefined : () => position.now(),
    });
    const failures: unknown[] = [];
    const stopReading = () => {
      reading.abort(new InterruptedError('interrupted'));
      intake.stop();
    };
    context.signal.addEventListener('abort', stopReading, { once: true });
    if (context.signal.aborted) stopReading();
    const delivering = delivery.run().catch((error: unknown) => {
      failures.push(error);
      stopReading();
    });
    const progress = showEventProgress(terminal, source.label, { intake, delivery, spool });
    let complete = false;
    try {
      const keyFor = (purpose: string) => deriveKey(masterKey, `event-${purpose}-v1`);
      complete = await source.take({ spool, intake, treat, position, keyFor, signal: reading.signal });
      await intake.flush();
    } catch (error) {
      if (!(error instanceof InterruptedError)) failures.push(error);
    }
    delivery.end();
    await endWithin(delivering, {
      ms: flags.timeout * 1_000,
      signal: context.signal,
      partingMs: tuning.partingMs ?? partingMs,
      delivered: () => delivery.delivered + delivery.refused,
    });
    delivery.stop();
    sending.abort(new InterruptedError('interrupted'));
    await delivering;
    progress.stop();
    context.signal.removeEventListener('abort', stopReading);
    const totals: EventTotals = {
      taken: intake.taken,
      refusedHere: intake.refused,
      refusedByServer: delivery.refused,
      delivered: delivery.delivered,
      waiting: spool.waiting,
      lost: intake.given - intake.taken - intake.refused,
      seconds: (performance.now() - startedAt) / 1_000,
      spool: pathForPeople(context, spool.folder),
    };
    reportEvents(context, totals, {
      complete,
      failure: failures[0],
      isService: source.isService ?? false,
      interrupted: context.signal.aborted,
    });
  } finally {
    await vault?.close();
    await spool?.close();
    await client.close();
  }
}

function tellFound({ terminal }: CommandContext, spool: Spool): void {
  if (spool.cutBytes > 0) {
    terminal.info(
      'the last run was cut off while it wrote to the spool; what it had not finished was not counted as taken',
    );
  }
  if (spool.waiting > 0)
    terminal.info(`events of an earlier run wait in the spool and go first: ${spool.waiting.toLocaleString('en-US')}`);
}

function tellFull({ terminal }: CommandContext, { spoolMax }: EventFlags): (full: boolean) => void {
  let isFull = false;
  return (full) => {
    if (full === isFull) return;
    isFull = full;
    if (full)
      terminal.warn(
        `the spool is full (--spool-max ${spoolMax}, or the disk): nothing more is read until events are delivered`,
      );
    else terminal.info('the spool has room again; reading goes on');
  };
}

interface Ending {
  readonly ms: number;
  readonly signal: AbortSignal;
  readonly partingMs: number;
  /** As long as this grows, the wait begins anew. */
  readonly delivered: () => number;
}

/** Waits for the delivery to end, as long as it gets on; after an interruption for a fixed time. */
async function endWithin(delivering: Promise<void>, ending: Ending): Promise<void> {
  const { ms, signal, partingMs: parting, delivered } = ending;
  let over = false;
  const ended = delivering.then(() => {
    over = true;
  });
  let last = delivered();
  let since = performance.now();
  let isParting = signal.aborted;
  while (!over) {
    if (signal.aborted !== isParting || (!isParting && delivered() !== last)) {
      isParting = signal.aborted;
      last = delivered();
      since = performance.now();
    }
    const leftMs = since + (isParting ? parting : ms) - performance.now();
    if (leftMs <= 0) return;
    let timer: NodeJS.Timeout | undefined;
    const tick = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.min(leftMs, 50));
    });
    await Promise.race([ended, tick]);
    clearTimeout(timer);
  }
}
