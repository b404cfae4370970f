// From an original's key to its thumbnail's.

// Undoes what S3 does to a key in a notification: a space comes as `+`, the rest percent-encoded.
export function decodeKey(encoded) {
  return encoded
    .replaceAll("+", " ")
    .replace(/(%[0-9A-Fa-f]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll("%", ""), "hex").toString());
}

// The path below the source, its last extension replaced. A name without an extension keeps its whole name, and so
// does one whose only dot stands first (`.photo`).
export function thumbnailKey(key, { sourcePrefix, destinationPrefix, extension }) {
  const path = key.slice(sourcePrefix.length);
  const nameAt = path.lastIndexOf("/") + 1;
  const dotAt = path.lastIndexOf(".");
  return destinationPrefix + (dotAt > nameAt ? path.slice(0, dotAt) : path) + extension;
}
