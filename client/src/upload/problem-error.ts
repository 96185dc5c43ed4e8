import { type Problem, problemSchema } from '@sdp/shared/contracts';
import {
  type ErrorCode,
  type ErrorDetails,
  errorRegistry,
  GateError,
  InputError,
  IntegrityError,
  RejectedError,
  SdpError,
  UnavailableError,
} from '@sdp/shared/errors';

/** What a server answered besides success. */
export interface FailedResponse {
  readonly status: number;
  /** Body as far as it was read; empty if it was too long. */
  readonly body: string;
  readonly retryAfterSeconds?: number;
}

/** Kinds a server may report; with others it would have the client blame its own machine. */
const errorClasses = {
  input: InputError,
  unavailable: UnavailableError,
  rejected: RejectedError,
  gate: GateError,
  internal: SdpError,
};

/** The error that a failed response stands for. What the server says is shown, after its length was limited by schema. */
export function errorOf({ status, body, retryAfterSeconds }: FailedResponse): SdpError {
  const problem = parseProblem(body);
  const details: ErrorDetails = {
    status,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(problem === undefined ? {} : { requestId: problem.request_id }),
    ...(problem?.accepted === undefined ? {} : { accepted: problem.accepted }),
    ...(problem?.findings === undefined ? {} : { findings: problem.findings.map(plainFinding) }),
  };
  const code = problem?.code;
  if (problem !== undefined && code !== undefined && isServerCode(code)) {
    return new errorClasses[errorRegistry[code].kind as keyof typeof errorClasses](code as never, {
      message: `The server answered: ${problem.detail ?? problem.title}`,
      ...(problem.remedy === undefined ? {} : { remedy: problem.remedy }),
      details,
    });
  }
  return errorOfStatus(status, details);
}

function plainFinding(finding: NonNullable<Problem['findings']>[number]) {
  return Object.fromEntries(Object.entries(finding).filter(([, value]) => value !== undefined)) as {
    readonly message: string;
  };
}

function isServerCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorRegistry, code) && errorRegistry[code as ErrorCode].kind in errorClasses;
}

function parseProblem(body: string): Problem | undefined {
  try {
    const parsed = problemSchema.safeParse(JSON.parse(body));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function errorOfStatus(status: number, details: ErrorDetails): SdpError {
  if (status >= 300 && status < 400) {
    return new IntegrityError('server-response-invalid', {
      message: 'The server answered with a redirect, which is not followed: the API key belongs to one address',
      remedy: 'Give the final address as --server-url.',
      details,
    });
  }
  if (status === 401) return new RejectedError('unauthorized', { details });
  if (status === 403) return new RejectedError('forbidden', { details });
  if (status === 404) return new RejectedError('not-found', { details });
  if (status === 413) return new RejectedError('payload-too-large', { details });
  if (status === 415) return new RejectedError('media-type-unsupported', { details });
  if (status === 429) return new RejectedError('rate-limited', { details });
  if (status === 502 || status === 503 || status === 504) return new UnavailableError('server-busy', { details });
  if (status === 400 || status === 422) return new InputError('request-invalid', { details });
  return new IntegrityError('server-response-invalid', {
    message: `The server answered with HTTP status ${status} and no problem details`,
    details,
  });
}
