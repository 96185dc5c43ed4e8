import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  CompactRange,
  leafHash,
  proveConsistency,
  proveInclusion,
  type ReadSubtrees,
  subtreesOf,
  verifyConsistency,
  verifyInclusion,
} from '../../../src/crypto/index.ts';
import { naivePath, naiveProof, naiveRoot } from './naive-tree.ts';

const entriesOf = (size: number) => Array.from({ length: size }, (_, i) => Buffer.from(`entry ${i}`));

/** The tree, and its subtrees as an append reports them. */
function grow(entries: readonly Buffer[]): { tree: CompactRange; read: ReadSubtrees } {
  const nodes = new Map<string, Buffer>();
  const tree = new CompactRange();
  for (const entry of entries)
    tree.append(leafHash(entry), (level, index, hash) => nodes.set(`${level}:${index}`, hash));
  return {
    tree,
    read: async (subtrees) => subtrees.map(({ level, index }) => nodes.get(`${level}:${index}`) as Buffer),
  };
}

const tree = fc
  .integer({ min: 1, max: 300 })
  .chain((size) =>
    fc.record({ size: fc.constant(size), index: fc.nat(size - 1), older: fc.integer({ min: 1, max: size }) }),
  );

it('grows as the recursive definition says, and goes on from its peaks', () => {
  fc.assert(
    fc.property(fc.nat(300), fc.nat(300), (before, more) => {
      const entries = entriesOf(before + more);
      const { tree: begun } = grow(entries.slice(0, before));
      const tree = new CompactRange(before, begun.peaks);
      for (const entry of entries.slice(before)) tree.append(leafHash(entry));
      expect(tree.root()).toEqual(naiveRoot(entries));
    }),
    { numRuns: 60 },
  );
});

it('proves inclusion as the recursive definition does, and nothing else passes', async () => {
  await fc.assert(
    fc.asyncProperty(tree, fc.nat(), fc.nat(31), async ({ size, index }, which, byte) => {
      const entries = entriesOf(size);
      const { tree, read } = grow(entries);
      const proof = await proveInclusion(read, index, size);
      expect(proof.path).toEqual(naivePath(index, entries));
      const leaf = leafHash(entries[index] as Buffer);
      expect(verifyInclusion(proof, leaf, tree.root())).toBe(true);
      expect(verifyInclusion(proof, leafHash(Buffer.from('another')), tree.root())).toBe(false);
      const changed = proof.path.map((hash) => Buffer.from(hash));
      const target = changed[which % Math.max(1, changed.length)];
      if (!target) return;
      target[byte] = (target[byte] as number) ^ 1;
      expect(verifyInclusion({ ...proof, path: changed }, leaf, tree.root())).toBe(false);
    }),
    { numRuns: 60 },
  );
});

it('proves growth as the recursive definition does, and a changed past has no proof', async () => {
  await fc.assert(
    fc.asyncProperty(tree, async ({ size, older, index }) => {
      const entries = entriesOf(size);
      const { tree, read } = grow(entries);
      const past = naiveRoot(entries.slice(0, older));
      const proof = await proveConsistency(read, older, size);
      expect(proof.path).toEqual(naiveProof(older, entries));
      expect(verifyConsistency(proof, past, tree.root())).toBe(true);
      if (index >= older) return;
      const rewritten = entries.with(index, Buffer.from('rewritten'));
      const { tree: other, read: readOther } = grow(rewritten);
      expect(verifyConsistency(await proveConsistency(readOther, older, size), past, other.root())).toBe(false);
    }),
    { numRuns: 60 },
  );
});

it('takes a range apart into complete subtrees that lie side by side', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 40), fc.nat(2 ** 40), (begin, length) => {
      let at = begin;
      for (const { level, index } of subtreesOf(begin, begin + length)) {
        expect(index * 2 ** level).toBe(at);
        at += 2 ** level;
      }
      expect(at).toBe(begin + length);
    }),
  );
  expect(() => subtreesOf(2, 1)).toThrow(RangeError);
});
