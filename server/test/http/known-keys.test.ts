import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KnownKeys } from '../../src/http/api-keys/known-keys.ts';
import type { Principal } from '../../src/identity/principal.ts';
import { gate } from '../bus/eventually.ts';

const principal = { id: 'one' } as Principal;
let lookUps: string[];
let valid: Set<string>;
let known: KnownKeys;

beforeEach(() => {
  vi.useFakeTimers();
  lookUps = [];
  valid = new Set(['good']);
  known = new KnownKeys(async (text) => {
    lookUps.push(text);
    return valid.has(text) ? principal : undefined;
  });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a key that was found good', () => {
  it('is taken for as long as whoever asks allows, and looked up again then', async () => {
    expect(await known.authenticate('good', 500)).toBe(principal);
    valid.clear();
    vi.advanceTimersByTime(499);
    expect(await known.authenticate('good', 500)).toBe(principal);
    expect(lookUps).toEqual(['good']);
    vi.advanceTimersByTime(1);
    expect(await known.authenticate('good', 500)).toBeUndefined();
    expect(await known.authenticate('good', 500)).toBeUndefined();
    expect(lookUps).toHaveLength(3);
  });

  it('is forgotten when keys change, also one that is just being looked up', async () => {
    await known.authenticate('good', 500);
    valid.clear();
    known.forget();
    expect(await known.authenticate('good', 500)).toBeUndefined();

    const answered = gate();
    let asked = 0;
    const slow = new KnownKeys(async () => {
      asked++;
      await answered.opened;
      return principal;
    });
    const first = slow.authenticate('good', 500);
    slow.forget();
    answered.open();
    expect(await first).toBe(principal);
    await slow.authenticate('good', 500);
    expect(asked).toBe(2);
  });

  it('is looked up at once for whoever takes no old answer', async () => {
    await known.authenticate('good', 500);
    valid.clear();
    expect(await known.authenticate('good')).toBeUndefined();
    expect(await known.authenticate('good', 500)).toBeUndefined();
  });

  it('says nothing of another', async () => {
    await known.authenticate('good', 500);
    expect(await known.authenticate('bad', 500)).toBeUndefined();
    valid.add('bad');
    expect(await known.authenticate('bad', 500)).toBe(principal);
    expect(lookUps).toEqual(['good', 'bad', 'bad']);
  });
});
