/** Where a region can be cut in two: its records with codes `from` … `to − 1` on one side, the others on the other. */
export interface Cut {
  readonly from: number;
  readonly to: number;
}

/** A column as a dimension to cut along. */
export interface Axis {
  /** By record; what {@link Cut} speaks of. */
  readonly codes: Uint32Array;
  /** How much of the column the region's values take up: 0 for a single one, 1 for all there are. */
  spread(order: Uint32Array, start: number, end: number): number;
  /**
   * Cuts worth a try, the best first; each leaves `least` records on both sides. Call it for the region that
   * {@link spread} was called for last.
   */
  cuts(order: Uint32Array, start: number, end: number, least: number): readonly Cut[];
}
