// The settings that the function takes from its environment.

import { DestinationInsideSourceError, SettingsError } from "./errors.mjs";

// How far the effort goes: libwebp knows 0 to 6, AV1 encoders 0 to 9; JPEG has none to choose.
const MOST_EFFORT = { webp: 6, avif: 9, jpeg: 6 };

// Any larger could only be a slip of the hand.
const MOST_PIXELS = 10 ** 12;

export function settingsFrom(env) {
  const format = choice(env, "THUMBNAIL_FORMAT", "webp", Object.keys(MOST_EFFORT));
  return {
    bucketName: bucket(env),
    ...prefixes(env),
    size: whole(env, "THUMBNAIL_SIZE", 150, 1, 1024),
    quality: whole(env, "THUMBNAIL_QUALITY", 85, 1, 100),
    effort: whole(env, "THUMBNAIL_EFFORT", 6, 0, MOST_EFFORT[format]),
    format,
    extension: format === "jpeg" ? ".jpg" : `.${format}`,
    maxPixels: whole(env, "MAX_PIXELS", 100_000_000, 1, MOST_PIXELS),
  };
}

function bucket(env) {
  if (!env.BUCKET_NAME) throw new SettingsError("BUCKET_NAME", "the name of a bucket", env.BUCKET_NAME);
  return env.BUCKET_NAME;
}

function prefixes(env) {
  const sourcePrefix = env.SOURCE_PREFIX ?? "members/profile/originals/";
  const destinationPrefix = env.DESTINATION_PREFIX ?? "members/profile/resized/thumbnail/";
  if (destinationPrefix.startsWith(sourcePrefix)) {
    throw new DestinationInsideSourceError(sourcePrefix, destinationPrefix);
  }
  const given = { SOURCE_PREFIX: sourcePrefix, DESTINATION_PREFIX: destinationPrefix };
  for (const [variable, value] of Object.entries(given)) {
    if (value && !value.endsWith("/")) throw new SettingsError(variable, "a prefix that ends in '/'", value);
  }
  return { sourcePrefix, destinationPrefix };
}

function choice(env, variable, fallback, choices) {
  const value = env[variable] ?? fallback;
  if (!choices.includes(value)) throw new SettingsError(variable, `one of ${choices.join(", ")}`, value);
  return value;
}

function whole(env, variable, fallback, least, most) {
  const value = env[variable];
  if (value === undefined) return fallback;
  if (!/^\d{1,19}$/.test(value) || Number(value) < least || Number(value) > most) {
    const [from, to] = [least, most].map((number) => number.toLocaleString("en"));
    throw new SettingsError(variable, `a whole number from ${from} to ${to}`, value);
  }
  return Number(value);
}
