// The bucket, by the AWS SDK; credentials, region and endpoint are those of the environment's AWS_ variables.

import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { OriginalMissingError } from "./errors.mjs";

// The version is pinned: what later ones will ask for is no news at each start.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";

// The name carries the original's uuid, so a thumbnail never changes.
const CACHE_CONTROL = "max-age=31536000";

export class Storage {
  #bucket;
  #client;

  constructor(bucket, env) {
    this.#bucket = bucket;
    this.#client = new S3Client({
      forcePathStyle: Boolean(env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL),
      maxAttempts: 4,
      // By default all that comes and goes is summed in JavaScript once more, on top of TLS.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      requestHandler: { connectionTimeout: 3_000, requestTimeout: 20_000 },
    });
  }

  // Without s3:ListBucket S3 answers 403 for a missing key, which stays an error to be retried: it may as well be
  // a policy that is being changed.
  async get(key) {
    try {
      const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
      const bytes = await Body.transformToByteArray();
      // A view, because a copy would need an original's size twice.
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    } catch (error) {
      if (error.name === "NoSuchKey") throw new OriginalMissingError(key);
      throw error;
    }
  }

  async put(key, data, contentType) {
    await this.#client.send(
      new PutObjectCommand({
        Bucket: this.#bucket,
        Key: key,
        Body: data,
        ContentType: contentType,
        CacheControl: CACHE_CONTROL,
      }),
    );
  }
}
