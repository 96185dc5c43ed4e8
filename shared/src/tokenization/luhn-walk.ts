import type { Ff1 } from './ff1.ts';

/** FF1 over numbers of a card's length whose results are never Luhn-valid; see {@link luhnWalk}. */
export interface LuhnWalk {
  /** Whether the text at `start` is one that {@link LuhnWalk.encrypt} takes. */
  takes(digits: Uint16Array, start: number): boolean;
  /** Whether the text at `start` is one that {@link LuhnWalk.decrypt} takes. */
  gives(digits: Uint16Array, start: number, length: number): boolean;
  encrypt(digits: Uint16Array, length: number): void;
  decrypt(digits: Uint16Array, length: number): void;
}

/**
 * A bijection from the digit strings of one length that don't begin with the spare digit onto those that aren't
 * Luhn-valid, made of FF1's permutation of all digit strings of that length.
 *
 * Why a digit has to be spared: one string in ten is Luhn-valid, and real card numbers are among the inputs. No
 * one-to-one function takes all strings to nine tenths of them, so a tenth can't be input. Plain cycle-walking (encrypt
 * until the result isn't valid) is one-to-one only among inputs that aren't valid themselves, and so of no use for card
 * numbers; a leading zero is what neither they nor most other numbers of that length have.
 *
 * Let X be all strings, V the Luhn-valid ones, R those that begin with the spare digit s, and E FF1's permutation of X.
 * Both V and R have a tenth of X, and p(d₁…dₙ) = s d₁…dₙ₋₁ maps V one to one onto R: the digit that it drops is the check
 * digit, which the others determine. For x outside of R,
 *
 *     y = E(x);  while y is in V: y = E(p(y)).
 *
 * Look at the graph that has an edge from each x to E(x), and from each v in V to p(v), with inputs and results as two
 * copies of X. No node has two edges out, nor two in, since E and p are one-to-one; the only nodes without an edge in are
 * the inputs outside of R, the only ones without an edge out the results outside of V. The graph is finite, so a path from
 * one of the former never runs in a circle (the node that closed it would have two edges in) and ends at one of the latter, each
 * at its own. Walking the edges backwards from there, x = D(y); while x is in R: x = D(p⁻¹(x)), leads to the beginning.
 * (The argument of Garsia and Milne's involution principle.) A walk takes 10/9 encryptions on average.
 */
export function luhnWalk(ff1: Pick<Ff1, 'encrypt' | 'decrypt'>, spare: number): LuhnWalk {
  const isValid = (digits: Uint16Array, start: number, length: number) => luhn(digits, start, length) === 0;
  const isSpare = (digits: Uint16Array, start: number) => digits[start] === spare;
  return {
    takes: (digits, start) => !isSpare(digits, start),
    gives: (digits, start, length) => !isValid(digits, start, length),
    encrypt: (digits, length) => {
      ff1.encrypt(digits, length);
      walkOn(digits, length, isValid, (some) => {
        for (let at = 0; at < some.length; at += length) {
          some.copyWithin(at + 1, at, at + length - 1);
          some[at] = spare;
        }
        ff1.encrypt(some, length);
      });
    },
    decrypt: (digits, length) => {
      ff1.decrypt(digits, length);
      walkOn(digits, length, isSpare, (some) => {
        for (let at = 0; at < some.length; at += length) {
          some.copyWithin(at, at + 1, at + length);
          some[at + length - 1] = 0;
          some[at + length - 1] = (10 - luhn(some, at, length)) % 10;
        }
        ff1.decrypt(some, length);
      });
    },
  };
}

/** Takes a step with all texts that haven't arrived, together, until all have. */
function walkOn(
  digits: Uint16Array,
  length: number,
  goesOn: (digits: Uint16Array, start: number, length: number) => boolean,
  step: (some: Uint16Array) => void,
): void {
  let starts: number[] = [];
  for (let start = 0; start < digits.length; start += length) {
    if (goesOn(digits, start, length)) starts.push(start);
  }
  while (starts.length > 0) {
    const some = new Uint16Array(starts.length * length);
    for (const [i, start] of starts.entries()) some.set(digits.subarray(start, start + length), i * length);
    step(some);
    for (const [i, start] of starts.entries()) digits.set(some.subarray(i * length, (i + 1) * length), start);
    starts = starts.filter((start) => goesOn(digits, start, length));
  }
}

/** Luhn's sum modulo 10 of `length` digits. */
function luhn(digits: Uint16Array, start: number, length: number): number {
  let sum = 0;
  for (let at = start + length - 1; at >= start; at -= 2) sum += digits[at] as number;
  for (let at = start + length - 2; at >= start; at -= 2) {
    const double = 2 * (digits[at] as number);
    sum += double > 9 ? double - 9 : double;
  }
  return sum % 10;
}
