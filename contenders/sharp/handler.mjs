// What Lambda calls: the records of a notification in, one answer out.
//
// A record ends in one of four ways: served, skipped, refused for good (the answer says why, and nothing is
// retried) or failed for now (raised, after the other records were served, so that Lambda tries again).

import { PermanentError } from "./errors.mjs";
import * as log from "./log.mjs";
import { reasonToSkip, records } from "./notification.mjs";
import { makeThumbnail } from "./pipeline.mjs";
import { settingsFrom } from "./settings.mjs";
import { Storage } from "./storage.mjs";

// At import, so that wrong settings stop the function while it starts, and a warm one finds its connection.
const settings = settingsFrom(process.env);
const storage = new Storage(settings.bucketName, process.env);

export async function handle(event) {
  const answers = [];
  const failures = [];
  for (const record of records(event)) {
    try {
      answers.push(await serve(record));
    } catch (error) {
      const reason = `${error.name}: ${error.message}`;
      log.write("error", "failed, to be retried", { key: record.key, reason });
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return { statusCode: 200, body: JSON.stringify(answers.length === 1 ? answers[0] : answers) };
}

async function serve(record) {
  const { key, time } = record;
  const reason = reasonToSkip(record, settings);
  if (reason) {
    log.write("info", "skipped", { key, reason });
    return { skipped: key, reason };
  }
  try {
    return answerOf(await makeThumbnail(key, settings, storage), time);
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    log.write("error", "refused", { key, type: error.type, reason: error.message, event_time: time });
    return { error: { type: error.type, message: error.message, key } };
  }
}

function answerOf(result, time) {
  log.write("info", "thumbnail", {
    key: result.original,
    thumbnail: result.thumbnail,
    bytes_in: result.originalBytes,
    bytes_out: result.thumbnailBytes,
    width: result.width,
    height: result.height,
    thumbnail_width: settings.size,
    thumbnail_height: settings.size,
    engine: "sharp",
    event_time: time,
    ...result.milliseconds,
  });
  return {
    original: result.original,
    thumbnail: result.thumbnail,
    size: `${settings.size}x${settings.size}`,
    originalSize: result.originalBytes,
    thumbnailSize: result.thumbnailBytes,
  };
}
