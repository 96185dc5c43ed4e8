import { CustomerWindows, type FeatureEvent, type Features, TerminalWindows } from '../features/index.ts';

/** Features of a stage by place. */
export interface PackedFeatures {
  pack(features: Readonly<Features>): (number | null)[];
  /**
   * @param into gets the values by name
   * @returns false when there are more or fewer than the stage has
   */
  unpack(values: readonly (number | null)[], into: Features): boolean;
}

/** Has everything that a transaction can have. */
const probe: FeatureEvent = {
  tenant: 'probe',
  transactionId: 'probe',
  occurredMs: 0,
  amount: 1,
  currency: 'EUR',
  customer: 'probe',
  card: 'probe',
  terminal: 'probe',
};

/** Names in the order in which the windows work them out: the same in every process that has this feature set. */
export const customerFeatures = packed(Object.keys(new CustomerWindows().add(probe).features));
export const terminalFeatures = packed(Object.keys(new TerminalWindows().add(probe).features));

function packed(names: readonly string[]): PackedFeatures {
  return {
    pack: (features) => names.map((name) => features[name] ?? null),
    unpack: (values, into) => {
      for (const [i, name] of names.entries()) {
        const value = values[i];
        if (value !== null && value !== undefined) into[name] = value;
      }
      return values.length === names.length;
    },
  };
}
