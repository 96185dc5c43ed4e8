export interface ListOptions {
  readonly code?: string;
  readonly all: boolean;
  readonly limit: number;
  readonly json: boolean;
}

export interface ChosenOptions {
  readonly code?: string;
  readonly count?: number;
  readonly json: boolean;
}

/** Either letters by their ids, or all open ones of a topic. */
export type Choice = { readonly ids: readonly string[] } | { readonly topic: string };
