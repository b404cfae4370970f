// What S3 notifies the function of: which objects were created.

import { NotANotificationError } from "./errors.mjs";
import { decodeKey } from "./keys.mjs";

// A test event, sent when a notification is set up, has no records.
export function records(event) {
  if (event?.Event === "s3:TestEvent") return [];
  if (!Array.isArray(event?.Records)) throw new NotANotificationError("an event without 'Records'");
  return event.Records.map(record);
}

function record(entry) {
  const bucket = entry?.s3?.bucket?.name;
  const key = entry?.s3?.object?.key;
  if (typeof bucket !== "string" || typeof key !== "string") {
    throw new NotANotificationError("a record without bucket or key");
  }
  const event = entry.eventName ?? "ObjectCreated:";
  return { bucket, key: decodeKey(key), event, time: entry.eventTime };
}

export function reasonToSkip({ bucket, key, event }, { bucketName, sourcePrefix }) {
  if (bucket !== bucketName) return `bucket '${bucket}' is not BUCKET_NAME '${bucketName}'`;
  if (!key.startsWith(sourcePrefix)) return `the key is outside SOURCE_PREFIX '${sourcePrefix}'`;
  if (key.endsWith("/")) return "a key that ends in '/' is a folder that a console made";
  if (!/^(s3:)?ObjectCreated:/.test(event)) return `event '${event}' is no upload`;
  return undefined;
}
