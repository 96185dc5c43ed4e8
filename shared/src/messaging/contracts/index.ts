export { compatibilityFindings, type JsonSchema } from './contract-compatibility.ts';
export {
  decodePayload,
  encodePayload,
  type PayloadContract,
  parseSchemaId,
  type SchemaId,
  schemaIdOf,
} from './payload-contract.ts';
