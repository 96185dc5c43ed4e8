import { clientIdSchema } from '@sdp/shared/contracts';
import { UsageError } from '@sdp/shared/errors';
import { type Command, Option } from 'commander';
import { type Owner, type Role, roles } from '../identity/index.ts';

export interface OwnerOptions {
  readonly role?: Role;
  readonly clientId?: string;
  readonly tenant?: string[];
  readonly allTenants?: boolean;
}

/** `--role`, and for whom: `--client-id` for a Client, `--tenant` or `--all-tenants` for staff. */
export function withOwnerOptions(command: Command): Command {
  return command
    .addOption(new Option('--role <role>', 'what it may do; docs/roles.md has the table').choices(roles))
    .option('--client-id <id>', 'client that a Client is or works for')
    .addOption(
      new Option('--tenant <id>', 'client whose data staff may see; may be repeated').argParser(
        (id: string, previous: string[] | undefined) => [...(previous ?? []), id],
      ),
    )
    .option('--all-tenants', 'staff may see the data of all clients, those to come included');
}

/** @throws {UsageError} `usage-invalid` */
export function ownerOfOptions({ role = 'Client', clientId, tenant, allTenants }: OwnerOptions): Owner {
  for (const id of [...(tenant ?? []), ...(clientId === undefined ? [] : [clientId])]) {
    if (!clientIdSchema.safeParse(id).success) {
      throw invalid('--client-id and --tenant take letters, digits, ".", "_" and "-", at most 64');
    }
  }
  if (role === 'Client') {
    if (clientId !== undefined && !tenant && !allTenants) return { role, clientId };
    throw invalid('The role Client takes --client-id, and neither --tenant nor --all-tenants');
  }
  if (clientId === undefined && (tenant === undefined) === (allTenants === true)) {
    return { role, tenants: tenant ?? '*' };
  }
  throw invalid(`The role ${role} takes either --tenant or --all-tenants, and no --client-id`);
}

function invalid(message: string): UsageError {
  return new UsageError('usage-invalid', { message });
}
