import type { Delivery, Intake, Spool } from '../events/index.ts';
import type { Progress, Terminal } from '../terminal/index.ts';

const everyMs = 250;

/** What a run that sends events shows on a terminal: how many it took, how many wait, and how far delivery is behind. */
export function showEventProgress(
  terminal: Terminal,
  label: string,
  { intake, delivery, spool }: { readonly intake: Intake; readonly delivery: Delivery; readonly spool: Spool },
): Pick<Progress, 'stop'> {
  const progress = terminal.progress(label, { unit: 'events' });
  const timer = setInterval(() => {
    const lag = (delivery.lagMs / 1_000).toFixed(1);
    const aside = intake.refused + delivery.refused;
    progress.label(
      `${label}  ${spool.waiting} in the spool  ${lag} s behind${aside === 0 ? '' : `  ${aside} refused`}  delivered`,
    );
    progress.update(delivery.delivered);
  }, everyMs);
  return {
    stop: () => {
      clearInterval(timer);
      progress.stop();
    },
  };
}
