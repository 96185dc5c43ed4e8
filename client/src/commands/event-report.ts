import { exitStatus, InputError, InterruptedError, type SdpError, UnavailableError } from '@sdp/shared/errors';
import { CommanderError } from 'commander';
import { formatCount } from '../terminal/index.ts';
import type { CommandContext } from './context.ts';

/** What became of the events of a run. */
export interface EventTotals {
  /** Durable in the spool. */
  readonly taken: number;
  readonly refusedHere: number;
  readonly refusedByServer: number;
  /** Those of earlier runs included. */
  readonly delivered: number;
  readonly waiting: number;
  /** Read, but not taken when the run was stopped. */
  readonly lost: number;
  readonly seconds: number;
  readonly spool: string;
}

export interface RunEnd {
  /** Whether the input was read to its end. */
  readonly complete: boolean;
  readonly failure: unknown;
  readonly isService: boolean;
  /** The user wanted it to stop. */
  readonly interrupted: boolean;
}

/**
 * Prints the totals of a run.
 *
 * @throws what it failed with; {@link InterruptedError}, `events-undelivered`, `events-refused`
 */
export function reportEvents({ terminal }: CommandContext, totals: EventTotals, end: RunEnd): void {
  const { failure } = end;
  if (failure !== undefined) {
    if (totals.waiting > 0)
      terminal.info(`${formatCount(totals.waiting, 'event waits', 'events wait')} in the spool ${totals.spool}`);
    throw failure;
  }
  const { taken, refusedHere, refusedByServer, delivered, waiting, lost, seconds, spool } = totals;
  const shortfall = shortfallOf(totals, end);
  terminal.result(
    [
      {
        columns: ['events', 'number'],
        rows: [
          ['taken', taken],
          ['refused here', refusedHere],
          ['refused by the server', refusedByServer],
          ['delivered', delivered],
          ['waiting in the spool', waiting],
          ...(lost === 0 ? [] : [['read but not taken', lost] as const]),
        ],
      },
      '',
      `${Math.round(delivered / Math.max(seconds, 0.001)).toLocaleString('en-US')} events/s delivered in ${seconds.toFixed(1)} s`,
    ],
    {
      taken,
      refused: refusedHere,
      refused_by_server: refusedByServer,
      delivered,
      waiting,
      not_taken: lost,
      complete: end.complete,
      seconds: Number(seconds.toFixed(3)),
      spool,
    },
  );
  if (shortfall === undefined) return;
  // With --json the object above says it all, and there is to be one object only.
  if (terminal.json) throw new CommanderError(exitStatus[shortfall.kind], 'sdp.events', shortfall.message);
  throw shortfall;
}

function shortfallOf(totals: EventTotals, { complete, isService, interrupted }: RunEnd): SdpError | undefined {
  const { waiting, lost, refusedHere, refusedByServer } = totals;
  if ((!complete && !(isService && waiting === 0)) || (interrupted && waiting > 0)) {
    const rest = lost === 0 ? '' : `; ${formatCount(lost, 'event')} that had been read were not taken`;
    return new InterruptedError('interrupted', {
      message:
        isService || complete
          ? `Stopped: ${formatCount(waiting, 'event waits', 'events wait')} in the spool`
          : `Interrupted before the end of the input: ${formatCount(waiting, 'event waits', 'events wait')} in the spool${rest}`,
      remedy: 'The next run with the same spool sends what waits; of a file it goes on where this one stopped.',
    });
  }
  if (waiting > 0) {
    return new UnavailableError('events-undelivered', {
      message: `${formatCount(waiting, 'event waits', 'events wait')} in the spool: the server did not take all of them`,
      details: { count: waiting },
    });
  }
  const refused = refusedHere + refusedByServer;
  if (refused === 0 || isService) return undefined;
  return new InputError('events-refused', {
    message: `${formatCount(refused, 'event was', 'events were')} refused`,
    details: { count: refused },
  });
}
