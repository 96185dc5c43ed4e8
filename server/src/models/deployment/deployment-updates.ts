import { SdpError } from '@sdp/shared/errors';
import {
  type AccessRules,
  type BusMessage,
  type ComplianceManager,
  type Consumer,
  decodePayload,
  encodePayload,
  type MessageAudit,
  noAudit,
  readContext,
  type SecurityManager,
  type StageBus,
  schemaIdOf,
  writeContext,
} from '@sdp/shared/messaging';
import { type Deployment, deploymentContract, modelUpdatesTopic } from './deployment.ts';

export interface DeploymentUpdatesOptions {
  readonly bus: Pick<StageBus, 'ensureTopic' | 'publish' | 'tail'>;
  readonly security: SecurityManager;
  readonly compliance?: ComplianceManager;
  readonly access?: AccessRules;
  readonly audit?: MessageAudit;
  /** A message on the topic that says nothing to a worker. */
  readonly onRefused: (code: SdpError['code']) => void;
}

/** How deployments travel to workers at once. The table has them as well: nothing is lost with a message. */
export interface DeploymentUpdates {
  announce(deployment: Deployment): Promise<void>;
  /** From now on; opened and checked. Old ones may come: their generation tells. */
  subscribe(onDeployment: (deployment: Deployment) => void): Promise<Consumer>;
}

/** Whose messages these are: no client's. */
const tenant = 'sdp';
const key = 'deployment';

export function createDeploymentUpdates(options: DeploymentUpdatesOptions): DeploymentUpdates {
  const { bus, security, compliance, access, audit = noAudit, onRefused } = options;
  const topic = modelUpdatesTopic;
  const schemaId = schemaIdOf(deploymentContract);

  const open = (message: BusMessage): Deployment => {
    const context = readContext(message);
    const opened = security.open(context, message.value, compliance?.signaturesOf(topic));
    access?.assertAllowed(opened.party, 'WRITE', topic);
    return decodePayload([deploymentContract], context.schemaId, opened.plaintext);
  };

  return {
    async announce(deployment) {
      const context = { topic, key, schemaId, eventId: `generation:${deployment.generation}`, tenant };
      access?.assertAllowed(security.keys.party, 'WRITE', topic);
      await bus.ensureTopic(topic, 1);
      const value = await security.seal(context, encodePayload(deploymentContract, deployment));
      await bus.publish(topic, [{ key, value, headers: writeContext(context) }]);
      await audit.record({ action: 'sent', at: new Date(), topic, schemaId, tenant, party: security.keys.party });
    },
    async subscribe(onDeployment) {
      await bus.ensureTopic(topic, 1);
      return bus.tail(topic, (messages) => {
        for (const message of messages) {
          const { partition, offset } = message;
          try {
            const deployment = open(message);
            void audit.record({ action: 'received', at: new Date(), topic, partition, offset, schemaId, tenant });
            onDeployment(deployment);
          } catch (error) {
            const code = error instanceof SdpError ? error.code : 'internal';
            void audit.record({ action: 'refused', at: new Date(), topic, partition, offset, code });
            onRefused(code);
          }
        }
      });
    },
  };
}
