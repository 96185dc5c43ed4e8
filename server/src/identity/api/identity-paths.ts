import {
  apiKeyListSchema,
  madeApiKeySchema,
  newApiKeySchema,
  newPasswordSchema,
  newUserSchema,
  passwordChangeSchema,
  recoveryCodesSchema,
  secondFactorCodeSchema,
  secondFactorRemovalSchema,
  secondFactorSecretSchema,
  sessionSchema,
  signInSchema,
  userChangeSchema,
  userListSchema,
  userSchema,
} from '@sdp/shared/contracts';
import { z } from 'zod';
import { type ApiPaths, jsonContent, problemContent } from '../../http/index.ts';
import { oidcQuerySchema } from './oidc-routes.ts';
import { userListQuerySchema } from './user-routes.ts';

const refusals = {
  '401': problemContent('Nobody known is asking'),
  '403': problemContent(
    'The role or the API key does not allow this, or the request does not prove where it comes from',
  ),
  '429': problemContent('Too many requests; Retry-After says when to go on'),
  '503': problemContent('Not at the moment; Retry-After says when to try again'),
};
const bodyRefusals = {
  '400': problemContent('The body cannot be parsed'),
  '413': problemContent('The request is larger than the limit'),
  '415': problemContent('The body is not application/json'),
  '422': problemContent('Not valid'),
};
const noSuch = { '404': problemContent('There is none, or it is not yours to see') };
const done = { '204': { description: 'Done' } };
const userPath = { path: z.object({ user_id: z.uuid() }) };
const body = <T extends z.ZodType>(schema: T) => ({ requestBody: { required: true, ...jsonContent(schema) } });

/** Sessions, users and keys in the document that describes the API. */
export const identityPaths: ApiPaths = {
  '/api/v1/session': {
    post: {
      summary: 'Sign in; the session is a cookie',
      security: [],
      ...body(signInSchema),
      responses: {
        '201': { description: 'Signed in', ...jsonContent(sessionSchema) },
        ...refusals,
        ...bodyRefusals,
        '401': problemContent('Name, password or code is not right, or a code is needed'),
      },
    },
    get: {
      summary: 'Who one is, and what one may',
      responses: { '200': { description: 'The caller', ...jsonContent(sessionSchema) }, ...refusals },
    },
    delete: { summary: 'Sign out', responses: { ...done, ...refusals } },
  },
  '/api/v1/session/password': {
    put: {
      summary: 'Choose another password; ends one’s other sessions',
      ...body(passwordChangeSchema),
      responses: { ...done, ...refusals, ...bodyRefusals },
    },
  },
  '/api/v1/session/second-factor': {
    post: {
      summary: 'Get the secret for an authenticator; it counts once a code of it was sent',
      responses: {
        '200': { description: 'The secret', ...jsonContent(secondFactorSecretSchema) },
        ...refusals,
        '409': problemContent('There is a second factor already'),
      },
    },
    put: {
      summary: 'Send a first code; the answer has recovery codes, shown this once',
      ...body(secondFactorCodeSchema),
      responses: {
        '200': { description: 'The second factor counts', ...jsonContent(recoveryCodesSchema) },
        ...refusals,
        ...bodyRefusals,
        '409': problemContent('There is a second factor already'),
      },
    },
    delete: {
      summary: 'Do without a second factor',
      ...body(secondFactorRemovalSchema),
      responses: { ...done, ...refusals, ...bodyRefusals },
    },
  },
  '/api/v1/users': {
    get: {
      summary: 'Users, by name',
      requestParams: { query: userListQuerySchema },
      responses: {
        '200': { description: 'One page', ...jsonContent(userListSchema) },
        ...refusals,
        '422': problemContent('Not valid'),
      },
    },
    post: {
      summary: 'Make a user',
      ...body(newUserSchema),
      responses: {
        '201': { description: 'Made', ...jsonContent(userSchema) },
        ...refusals,
        ...bodyRefusals,
        '409': problemContent('The name is taken'),
      },
    },
  },
  '/api/v1/users/{user_id}': {
    get: {
      summary: 'One user',
      requestParams: userPath,
      responses: { '200': { description: 'The user', ...jsonContent(userSchema) }, ...refusals, ...noSuch },
    },
    patch: {
      summary: 'Change a user’s role or clients, disable or enable it; ends the user’s sessions',
      requestParams: userPath,
      ...body(userChangeSchema),
      responses: {
        '200': { description: 'Changed', ...jsonContent(userSchema) },
        ...refusals,
        ...bodyRefusals,
        ...noSuch,
        '409': problemContent('No Admin would be left'),
      },
    },
  },
  '/api/v1/users/{user_id}/password': {
    put: {
      summary: 'Give a password to begin with; ends the user’s sessions',
      requestParams: userPath,
      ...body(newPasswordSchema),
      responses: { ...done, ...refusals, ...bodyRefusals, ...noSuch },
    },
  },
  '/api/v1/users/{user_id}/second-factor': {
    delete: {
      summary: 'Take away a second factor that was lost; ends the user’s sessions',
      requestParams: userPath,
      responses: { ...done, ...refusals, ...noSuch },
    },
  },
  '/api/v1/keys': {
    get: {
      summary: 'API keys: never the keys themselves',
      responses: { '200': { description: 'All of them', ...jsonContent(apiKeyListSchema) }, ...refusals },
    },
    post: {
      summary: 'Make an API key; it is shown this once',
      ...body(newApiKeySchema),
      responses: {
        '201': { description: 'Made', ...jsonContent(madeApiKeySchema) },
        ...refusals,
        ...bodyRefusals,
      },
    },
  },
  '/api/v1/keys/{key_id}': {
    delete: {
      summary: 'Revoke an API key, at once and for good',
      requestParams: { path: z.object({ key_id: z.string() }) },
      responses: { ...done, ...refusals, ...noSuch },
    },
  },
};

/** Where people may sign in with another service. */
export const oidcPaths: ApiPaths = {
  '/api/v1/session/oidc': {
    get: {
      summary: 'Go and sign in with the service of the operator’s choice',
      security: [],
      requestParams: { query: oidcQuerySchema },
      responses: {
        '302': { description: 'To that service' },
        '422': problemContent('Not valid'),
        '429': problemContent('Too many attempts; Retry-After says when to go on'),
        '503': problemContent('The service cannot be reached'),
      },
    },
  },
  '/api/v1/session/oidc/callback': {
    get: {
      summary: 'Where that service sends the browser back to',
      security: [],
      responses: {
        '200': {
          description: 'Signed in; a page that leads on where a return_to was given',
          ...jsonContent(sessionSchema),
        },
        '401': problemContent('The service does not vouch for anybody known here'),
        '429': problemContent('Too many attempts; Retry-After says when to go on'),
        '503': problemContent('The service cannot be reached'),
      },
    },
  },
};
