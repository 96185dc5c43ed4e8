import type { SeededRandom } from './seeded-random.ts';

export interface SimulatedTerminal {
  readonly token: string;
  readonly x: number;
  readonly y: number;
}

export interface SimulatedCustomer {
  readonly token: string;
  readonly card: string;
  readonly meanAmount: number;
  /** Transactions a day, on average. */
  readonly perDay: number;
  /** Those it goes to. */
  readonly terminals: readonly SimulatedTerminal[];
}

export interface Population {
  readonly customers: readonly SimulatedCustomer[];
  readonly terminals: readonly SimulatedTerminal[];
}

/** Side of the square in which all live. */
const side = 100;
const reach = 5;
/** Among so many terminals a customer looks for those within reach. */
const maxCandidates = 2_000;

/**
 * Customers with habits of their own and terminals near them, after the simulation of the Fraud Detection Handbook (Le Borgne,
 * Siblini, Lebichot and Bontempi, 2022).
 */
export function createPopulation(random: SeededRandom, customers: number): Population {
  const place = () => ({ x: random.between(0, side), y: random.between(0, side) });
  const terminals = Array.from({ length: Math.max(10, customers * 2) }, () => ({ token: token(random), ...place() }));
  return {
    terminals,
    customers: Array.from({ length: customers }, () => ({
      token: token(random),
      card: token(random),
      meanAmount: random.between(5, 100),
      perDay: random.between(0.1, 4),
      terminals: near(candidates(random, terminals), place()),
    })),
  };
}

function candidates(random: SeededRandom, terminals: readonly SimulatedTerminal[]): readonly SimulatedTerminal[] {
  if (terminals.length <= maxCandidates) return terminals;
  const begin = random.index(terminals.length - maxCandidates);
  return terminals.slice(begin, begin + maxCandidates);
}

/** Those within reach; the nearest few where there are none. */
function near(terminals: readonly SimulatedTerminal[], at: { x: number; y: number }): SimulatedTerminal[] {
  const byDistance = terminals
    .map((terminal) => ({ terminal, distance: Math.hypot(terminal.x - at.x, terminal.y - at.y) }))
    .sort((a, b) => a.distance - b.distance);
  const inReach = byDistance.filter(({ distance }) => distance <= reach).length;
  return byDistance.slice(0, Math.max(3, Math.min(inReach, 50))).map(({ terminal }) => terminal);
}

function token(random: SeededRandom): string {
  return `tok_${random.hex(16)}`;
}
