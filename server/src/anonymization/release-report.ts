import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type Anonymization,
  type EncodedColumn,
  protectionOf,
  riskOf,
  utilityOf,
  writtenProtection,
  writtenRisk,
  writtenUtility,
} from '@sdp/shared/anonymization';
import type { ReleaseReport } from '@sdp/shared/contracts';

/** Measures what a release protects, whatever was asked of it. One column a turn of the event loop. */
export async function releaseReport(
  anonymization: Anonymization,
  quasi: readonly EncodedColumn[],
  sensitive: readonly EncodedColumn[],
  askedK: number,
): Promise<ReleaseReport> {
  const { classOf, classes } = anonymization;
  const sizes = classes.flatMap(({ size, suppressed }) => (suppressed ? [] : [size]));
  const released = sizes.reduce((sum, size) => sum + size, 0);
  const isReleased = (position: number) => classes[position]?.suppressed === false;
  const protections = [];
  for (const column of sensitive) {
    await nextTurn();
    protections.push(...protectionOf(classOf, isReleased, [column]).sensitive);
  }
  await nextTurn();
  return {
    released,
    suppressed: classOf.length - released,
    classes: sizes.length,
    k: { asked: askedK, reached: sizes.length === 0 ? 0 : sizes.reduce((least, size) => Math.min(least, size)) },
    sensitive: protections.map(writtenProtection),
    risk: writtenRisk(riskOf(sizes)),
    utility: writtenUtility(utilityOf(anonymization, quasi)),
  };
}
