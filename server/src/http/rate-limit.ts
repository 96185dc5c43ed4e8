import { RejectedError } from '@sdp/shared/errors';
import type { Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { contextOf } from './request-context.ts';

const windowMs = 60_000;

/**
 * Requests a minute for each key or user. Counted in this process: several API processes let through as many times the limit.
 */
export function principalRateLimit(perMinute: number): RequestHandler {
  return limiter(perMinute, (_request, response) => {
    const { principal } = contextOf(response);
    return principal ? `${principal.kind} ${principal.id}` : 'none';
  });
}

/** Attempts without a valid key, for each address: guessing is hopeless anyway, this keeps it cheap. */
export function addressRateLimit(perMinute: number): RequestHandler {
  return limiter(perMinute, (request) => ipKeyGenerator(request.ip ?? ''), {
    // Counts only what turns out to be refused, and leaves the headers to the limit of the key.
    standardHeaders: false,
    skipSuccessfulRequests: true,
    requestWasSuccessful: (_request: Request, response: Response) => response.statusCode !== 401,
  });
}

/** Failed attempts to sign in, for each address: trying one password on many names isn't slowed down by name. */
export function attemptRateLimit(perMinute: number): RequestHandler {
  return limiter(perMinute, (request) => ipKeyGenerator(request.ip ?? ''), { skipSuccessfulRequests: true });
}

function limiter(
  limit: number,
  keyGenerator: (request: Request, response: Response) => string,
  options: Partial<Parameters<typeof rateLimit>[0]> = {},
): RequestHandler {
  return rateLimit({
    windowMs,
    limit,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    keyGenerator,
    handler: (request, _response, next) => {
      const { resetTime } = (request as Request & { rateLimit?: { resetTime?: Date } }).rateLimit ?? {};
      const waitMs = resetTime ? resetTime.getTime() - Date.now() : windowMs;
      next(
        new RejectedError('rate-limited', { details: { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)) } }),
      );
    },
    ...options,
  });
}
