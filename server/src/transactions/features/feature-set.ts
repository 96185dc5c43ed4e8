import { windows } from './window-lengths.ts';

/** What a number stands for; amounts are in the transaction's currency. */
export type FeatureUnit = 'amount' | 'count' | 'flag' | 'ratio' | 'seconds' | 'number';

/**
 * Features that say the same in different ways; reasons speak of families. The transaction is in its own windows, so their
 * amounts go up with its own and belong to the same family.
 */
export type FeatureFamily =
  | 'amount'
  | 'amount_for_customer'
  | 'customer_activity'
  | 'card_activity'
  | 'new_place'
  | 'terminal_activity'
  | 'terminal_reports'
  | 'time_of_day';

export interface FeatureDescription {
  readonly name: string;
  readonly unit: FeatureUnit;
  readonly family: FeatureFamily;
  readonly meaning: string;
}

/** Everything a model may look at, in the order of the vector. A change of any line needs a new id. */
export const features: readonly FeatureDescription[] = [
  { name: 'amount', unit: 'amount', family: 'amount', meaning: 'amount of the transaction' },
  {
    name: 'hour_sin',
    unit: 'number',
    family: 'time_of_day',
    meaning: 'sine of the local time of day, 24 h being a full turn',
  },
  { name: 'hour_cos', unit: 'number', family: 'time_of_day', meaning: 'cosine of the local time of day' },
  { name: 'is_night', unit: 'flag', family: 'time_of_day', meaning: 'local time before 6:00' },
  { name: 'is_weekend', unit: 'flag', family: 'time_of_day', meaning: 'local Saturday or Sunday' },
  ...sideFeatures('customer', 'customer_activity'),
  {
    name: 'customer_amount_to_mean',
    unit: 'ratio',
    family: 'amount_for_customer',
    meaning: "amount divided by the mean of the customer's other ones of 14 days in that currency; 1 without any",
  },
  {
    name: 'customer_amount_to_max',
    unit: 'ratio',
    family: 'amount_for_customer',
    meaning: "amount divided by the largest of the customer's other ones of 14 days in that currency; 1 without any",
  },
  {
    name: 'customer_amount_deviation',
    unit: 'number',
    family: 'amount_for_customer',
    meaning:
      "standard deviations by which log2(1 + amount) lies above the mean of the customer's newest 256 others of 14 days in that currency; deviation at least 0.1, result −10 to 10; 0 with fewer than 2 others",
  },
  {
    name: 'customer_terminals_1d',
    unit: 'count',
    family: 'customer_activity',
    meaning: 'different terminals of the customer in a day, this one included, among the newest 1,024 transactions',
  },
  {
    name: 'customer_terminal_is_new',
    unit: 'flag',
    family: 'new_place',
    meaning: "no other transaction of the customer's newest 1,024 in 14 days was at this terminal",
  },
  ...sideFeatures('card', 'card_activity'),
  ...sideFeatures('terminal', 'terminal_activity'),
  {
    name: 'terminal_amount_to_mean',
    unit: 'ratio',
    family: 'amount',
    meaning: 'amount divided by the mean of the others at the terminal in 14 days in that currency; 1 without any',
  },
  {
    name: 'terminal_customers_1d',
    unit: 'count',
    family: 'terminal_activity',
    meaning: 'different customers at the terminal in a day, this one included, among the newest 1,024 transactions',
  },
  ...(['7d', '14d'] as const).flatMap((window): FeatureDescription[] => [
    {
      name: `terminal_reports_${window}`,
      unit: 'count',
      family: 'terminal_reports',
      meaning: `frauds at the terminal that became known in the last ${window === '7d' ? 7 : 14} days`,
    },
    {
      name: `terminal_report_share_${window}`,
      unit: 'ratio',
      family: 'terminal_reports',
      meaning: `those frauds divided by the terminal's transactions of the last ${window === '7d' ? 7 : 14} days`,
    },
  ]),
  {
    name: 'terminal_seconds_since_report',
    unit: 'seconds',
    family: 'terminal_reports',
    meaning: 'since a fraud at the terminal last became known; 1,209,600 (14 days) where none did in 14 days',
  },
];

function sideFeatures(side: 'customer' | 'card' | 'terminal', family: FeatureFamily): FeatureDescription[] {
  const whose = side === 'terminal' ? 'at the terminal' : `of the ${side}`;
  return [
    ...windows.flatMap(({ name, text }): FeatureDescription[] => [
      {
        name: `${side}_count_${name}`,
        unit: 'count',
        family,
        meaning: `transactions ${whose} in the last ${text}, this one included`,
      },
      {
        name: `${side}_amount_${name}`,
        unit: 'amount',
        family: 'amount',
        meaning: `sum of the amounts ${whose} in the last ${text} in that currency`,
      },
      {
        name: `${side}_amount_mean_${name}`,
        unit: 'amount',
        family: 'amount',
        meaning: `sum divided by the number of transactions ${whose} in the last ${text}`,
      },
      {
        name: `${side}_amount_max_${name}`,
        unit: 'amount',
        family: 'amount',
        meaning: `largest amount ${whose} in the last ${text} in that currency`,
      },
    ]),
    {
      name: `${side}_seconds_since_last`,
      unit: 'seconds',
      family,
      meaning: `since the latest other transaction ${whose}; 1,209,600 (14 days) without any`,
    },
    { name: `${side}_is_new`, unit: 'flag', family, meaning: `no other transaction ${whose} in 14 days` },
  ];
}

export const featureSet: { readonly id: string; readonly names: readonly string[] } = {
  id: 'fraud-features-1',
  names: features.map(({ name }) => name),
};
