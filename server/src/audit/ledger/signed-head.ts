import { z } from 'zod';

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** What the ledger was at a time: number of entries, root of their tree, end of their chain. */
export const signedHeadSchema = z.strictObject({
  size: z.int().nonnegative(),
  /** 32 bytes as hex, and so is the chain. */
  root: hash,
  chain: hash,
  signedAt: z.iso.datetime(),
  keyId: z.string().regex(/^[0-9a-f]{16}$/),
  signature: z.string().regex(/^[0-9a-f]{128}$/),
});
export type SignedHead = z.infer<typeof signedHeadSchema>;
export type TreeHead = Omit<SignedHead, 'signature'>;

/** The bytes that are signed: lines of text, so that another program can make them too. */
export function headStatement({ size, root, chain, signedAt, keyId }: TreeHead): Buffer {
  return Buffer.from(`sdp-audit-head-v1\n${keyId}\n${size}\n${root}\n${chain}\n${signedAt}\n`);
}
