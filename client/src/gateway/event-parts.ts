import { flatAttributes, type Scalar } from './any-value.ts';
import type { Int64, KeyValue } from './otlp-types.ts';

/** What a resource says of all that comes from it. */
export interface ResourceParts {
  readonly source: string | undefined;
  readonly host: string | undefined;
  /** The rest, named apart from what a record says itself. */
  readonly rest: ReadonlyMap<string, Scalar>;
}

/** `service.name` is the source, `host.name` the host, or else the container or the instance. */
export function resourceParts(attributes: readonly KeyValue[] | undefined): ResourceParts {
  const all = flatAttributes(attributes);
  const take = (name: string): string | undefined => {
    const value = all.get(name);
    if (value === undefined || value === '') return undefined;
    all.delete(name);
    return String(value);
  };
  const source = take('service.name');
  const host = take('host.name') ?? take('k8s.pod.name') ?? take('container.id') ?? take('service.instance.id');
  return { source, host, rest: new Map(Array.from(all, ([name, value]) => [`resource.${name}`, value])) };
}

/** Nanoseconds since 1970 in milliseconds; `undefined` where there is no time. */
export function msOf(nanoseconds: Int64 | undefined): number | undefined {
  if (nanoseconds === undefined) return undefined;
  const ms = Number(BigInt(typeof nanoseconds === 'number' ? Math.trunc(nanoseconds) : nanoseconds) / 1_000_000n);
  return ms > 0 && ms < 253_402_300_800_000 ? ms : undefined;
}

/** Milliseconds since 1970 as ISO 8601. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
