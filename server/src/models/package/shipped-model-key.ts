// Written by scripts/sign-shipped-model.ts.

/** The model in server/models/fraud that a new installation begins with, and the public half of the key that signed it. */
export const shippedModel = { version: 'none', publicKey: '' } as const;
