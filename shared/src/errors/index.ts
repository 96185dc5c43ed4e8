export { nearestName } from './nearest-name.ts';
export { type CodeOf, type ErrorCode, type ErrorKind, errorRegistry, exitStatus, httpStatusOf } from './registry.ts';
export {
  BudgetError,
  ConfigError,
  type ErrorDetails,
  type Finding,
  GateError,
  InputError,
  IntegrityError,
  InterruptedError,
  RejectedError,
  SdpError,
  type SdpErrorOptions,
  UnavailableError,
  UsageError,
  VaultError,
} from './sdp-error.ts';
