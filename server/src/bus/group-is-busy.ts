import { RejectedError } from '@sdp/shared/errors';

/** Why a group with live members can't be moved: they would go on from where they are. */
export function groupIsBusy(): RejectedError {
  return new RejectedError('group-busy');
}
