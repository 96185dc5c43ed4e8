import { type API, addPartitionsToTxnV3, type Callback, kGetApi, Producer } from '@platformatic/kafka';

/**
 * A producer whose transactions need no more than the access rules of its transactional id and topics. The library asks for
 * the newest version of AddPartitionsToTxn, which is the brokers' own from version 4 on (KIP-890) and asks for CLUSTER_ACTION:
 * whoever has that may copy all there is. Holds for version 2.12 of the library.
 */
export class TransactionProducer<Key, Value, HeaderKey, HeaderValue> extends Producer<
  Key,
  Value,
  HeaderKey,
  HeaderValue
> {
  override [kGetApi]<Given extends unknown[], Answer>(name: string, callback: Callback<API<Given, Answer>>): void {
    if (name === 'AddPartitionsToTxn') callback(null, addPartitionsToTxnV3.api as unknown as API<Given, Answer>);
    else super[kGetApi](name, callback);
  }
}
