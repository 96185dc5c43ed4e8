import { AccessRules, accessRuleSchema } from '@sdp/shared/messaging';
import { z } from 'zod';
import { readYamlFile } from '../settings/index.ts';
import { shippedFile } from './shipped-file.ts';

const accessFileSchema = z.strictObject({ version: z.literal(1), rules: z.array(accessRuleSchema).min(1) });

/**
 * Reads `access.yml`: who may read and write which topics.
 *
 * @param path the file that SDP is shipped with where left out
 * @throws {ConfigError} `config-unreadable`; `config-invalid` with every field that is wrong
 */
export function loadAccess(path?: string): AccessRules {
  return new AccessRules(readYamlFile(path ?? shippedFile('access.yml'), accessFileSchema).rules);
}
