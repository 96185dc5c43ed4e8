import type { Alert } from './alert.ts';
import type { Route } from './alert-config.ts';
import { matches } from './matcher-rules.ts';

/** Where one alert goes: a channel, by a route, in a group. */
export interface Target {
  readonly route: Route;
  readonly channel: string;
  /** The group's labels with their values, in the order of the route. */
  readonly labels: readonly (readonly [name: string, value: string])[];
}

/**
 * The channels that an alert goes to, each once. Routes are tried in order, the most specific first: a route is used where none
 * below it matches, and ends the search among its siblings unless it continues.
 */
export function targetsOf(root: Route, alert: Alert): readonly Target[] {
  const targets = new Map<string, Target>();
  for (const route of routesFor(root, alert)) {
    const labels = route.groupBy.map((name) => [name, labelOf(alert, name)] as const);
    for (const channel of route.channels) {
      if (!targets.has(channel)) targets.set(channel, { route, channel, labels });
    }
  }
  return [...targets.values()];
}

function routesFor(route: Route, alert: Alert): readonly Route[] {
  if (!matches(route.match, alert)) return [];
  const found: Route[] = [];
  for (const child of route.routes) {
    const below = routesFor(child, alert);
    found.push(...below);
    if (below.length > 0 && !child.continues) break;
  }
  return found.length > 0 ? found : [route];
}

function labelOf({ type, level, kind, tags }: Alert, name: string): string {
  if (name === 'type') return type;
  if (name === 'level') return level;
  if (name === 'kind') return kind;
  const tag = name.slice('tag.'.length);
  return (Object.hasOwn(tags, tag) ? tags[tag] : undefined) ?? '';
}

/** Which route a group goes by: the outermost one where its own is no longer in the file. */
export function routeFinder(root: Route): (key: string) => Route {
  const found = new Map(allRoutes(root).map((route) => [route.key, route]));
  return (key) => found.get(key) ?? root;
}

/** A route and all below it. */
export function allRoutes(route: Route): readonly Route[] {
  return [route, ...route.routes.flatMap(allRoutes)];
}

/**
 * When a group that has something new is due: it waits for more of the same at first, and keeps its distance from what it told last.
 */
export function dueAt(route: Pick<Route, 'groupWaitMs' | 'groupIntervalMs'>, now: Date, lastToldAt: Date | null): Date {
  const first = now.getTime() + route.groupWaitMs;
  const next = lastToldAt === null ? 0 : lastToldAt.getTime() + route.groupIntervalMs;
  return new Date(Math.max(first, next));
}
