export { type KeyRotationOptions, type RotationRound, reencrypt } from './key-rotation.ts';
export { type KeyUsage, keyUsage } from './key-usage.ts';
