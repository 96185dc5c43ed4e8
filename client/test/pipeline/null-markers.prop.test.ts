import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { skipMarkers, walkPast, walkPastMany } from '../../src/pipeline/null-markers.ts';

/** A one-to-one method over few texts, so that markers are hit all the time. */
const permutation = fc
  .shuffledSubarray(['a', 'b', 'c', 'd', 'e', 'f'], { minLength: 6, maxLength: 6 })
  .map((images) => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    return {
      apply: (value: string) => images[names.indexOf(value)] as string,
      undo: (value: string) => names[images.indexOf(value)] as string,
    };
  });
const markers = fc.subarray(['a', 'b', 'c', 'd', 'e', 'f'], { maxLength: 5 }).map((list) => new Set(list));

describe('null markers', () => {
  it('are never given by a method that walks past them, and what it gives comes back', () => {
    fc.assert(
      fc.property(permutation, markers, ({ apply, undo }, avoided) => {
        const values = ['a', 'b', 'c', 'd', 'e', 'f'].filter((value) => !avoided.has(value));
        const one = values.map(walkPast(avoided, apply));
        expect(one.some((outcome) => avoided.has(outcome as string))).toBe(false);
        expect(new Set(one).size).toBe(values.length);
        expect(one.map((outcome) => walkPast(avoided, undo)(outcome as string))).toEqual(values);
        const many = walkPastMany(avoided, (all) => all.map(apply))(values);
        expect(many).toEqual(one);
        expect(walkPastMany(avoided, (all) => all.map(undo))(many as string[])).toEqual(values);
      }),
    );
  });

  it('are left out of the proposals of surrogates, which stay different', () => {
    const proposals = skipMarkers(new Set(['v1', 'v2', 'v5']), (value, attempt) => value + attempt);
    expect([0, 1, 2, 3].map((attempt) => proposals('v', attempt))).toEqual(['v0', 'v3', 'v4', 'v6']);
  });
});
