// Written by scripts/sign-shipped-model.ts.

/** The model that a new installation begins with: its folder in server/models, and the public half of the key that signed it. */
export const shippedModel = {
  folder: 'fraud/1.0.0',
  publicKey: 'L6mWcbYE2XtrLAcH6WXpfFyNb2mPDNN65VMaUl_I-TU',
} as const;

/** Of models that earlier releases came with: those may still be deployed. */
export const earlierPublicKeys: readonly string[] = [];
