import { VaultError } from '@sdp/shared/errors';
import type { NamespaceKind } from './format.ts';
import type { NamespaceState } from './state.ts';
import type { NamespaceOptions } from './vault.ts';

/** How the values of a batch came by their tokens; goes to the worker along with them. */
export interface BatchUse {
  readonly kind: NamespaceKind;
  /** Id of the canonicalizer; `''` for none. */
  readonly canonical: string;
  readonly expiresDays: number | undefined;
}

/** How values come by their tokens unless something else is said. */
export const plainUse: BatchUse = { kind: 'token', canonical: '', expiresDays: undefined };

/** Learns what became of a batch. */
export interface BatchFollower {
  /** @param differing positions of values that were stored in another spelling */
  written(differing: Uint32Array): void;
}

/** How this run uses one namespace. All functions that write to a namespace share one. */
export interface NamespaceUse extends BatchUse {
  readonly namespace: string;
  expiresDays: number | undefined;
  /** Entries that the vault had of it before this run. */
  readonly entriesBefore: number;
  /** Called for each new batch. */
  follow?: () => BatchFollower;
}

/** The uses of all namespaces in this run. */
export class NamespaceUses {
  readonly #made = new Map<string, NamespaceUse>();
  readonly #stored: (namespace: string) => NamespaceState | undefined;

  /** @param stored what the vault holds of a namespace */
  constructor(stored: (namespace: string) => NamespaceState | undefined) {
    this.#stored = stored;
  }

  /** @throws {VaultError} `namespace-mismatch` */
  of(namespace: string, kind: NamespaceKind, options: NamespaceOptions = {}): NamespaceUse {
    const { canonical, expiresDays } = options;
    const stored = this.#stored(namespace);
    const wanted: NamespaceUse = {
      namespace,
      kind,
      canonical: canonical?.id ?? '',
      expiresDays,
      entriesBefore: stored?.entries ?? 0,
    };
    const known = this.#made.get(namespace);
    if (known !== undefined) assertSameUse(known, wanted, namespace);
    if (stored !== undefined) assertSameUse(stored, wanted, namespace);
    if (known === undefined) {
      this.#made.set(namespace, wanted);
      return wanted;
    }
    known.expiresDays = expiresDays ?? known.expiresDays;
    return known;
  }
}

const kindTexts: Readonly<Record<NamespaceKind, string>> = {
  token: 'tokens computed from values',
  random: 'random tokens',
  surrogate: 'surrogates',
};

/** @throws {VaultError} `namespace-mismatch` */
export function assertSameUse(
  present: Pick<BatchUse, 'kind' | 'canonical'>,
  wanted: Pick<BatchUse, 'kind' | 'canonical'>,
  namespace: string,
): void {
  if (present.kind !== wanted.kind) {
    throw new VaultError('namespace-mismatch', {
      message: `Namespace ${namespace} holds ${kindTexts[present.kind]}, and is to hold ${kindTexts[wanted.kind]}`,
    });
  }
  if (present.canonical !== wanted.canonical) {
    throw new VaultError('namespace-mismatch', {
      message: `Namespace ${namespace} makes tokens over ${formText(present.canonical)}, and is to make them over ${formText(wanted.canonical)}`,
    });
  }
}

function formText(canonical: string): string {
  return canonical === '' ? 'values as they are written' : `the canonical form ${canonical}`;
}
