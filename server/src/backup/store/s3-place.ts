/** A bucket of Amazon S3 or of what speaks its protocol, and how to get in. Holds secrets: never log it whole. */
export interface S3BackupPlace {
  readonly bucket: string;
  /** Before the name of each object; without a slash at its end. */
  readonly prefix: string;
  readonly region: string;
  /** Where it isn't Amazon's; the bucket is then the first part of the path. */
  readonly endpoint?: string | undefined;
  /** What the machine is given (environment, profile, container, instance) where left out. */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string | undefined;
  };
  /** A role that is taken on with these credentials. */
  readonly roleArn?: string | undefined;
  /** Of the service that gives roles, where it isn't Amazon's. */
  readonly stsEndpoint?: string | undefined;
}
