// Which kinds of file are read, and by which first bytes a kind is known: never by a name.
// sharp itself would take more, SVG among it.

import { EmptyFileError, NotAnImageError, UnsupportedFormatError } from "./errors.mjs";

export const SUPPORTED = "JPEG, PNG, WebP, GIF, TIFF, AVIF";

const READ = [
  ["\xff\xd8\xff", "JPEG"],
  ["\x89PNG\r\n\x1a\n", "PNG"],
  ["GIF87a", "GIF"],
  ["GIF89a", "GIF"],
  ["II*\0", "TIFF"],
  ["MM\0*", "TIFF"],
  ["II+\0", "TIFF"],
  ["MM\0+", "TIFF"],
];

const KNOWN = [
  ["BM", "a BMP"],
  ["%PDF-", "a PDF"],
  ["\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"],
  ["\xff\x4f\xff\x51", "JPEG 2000"],
  ["\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"],
  ["\xff\x0a", "JPEG XL"],
  ["\0\0\x01\0", "an ICO"],
  ["8BPS", "a Photoshop document"],
];

const AVIF_BRANDS = ["avif", "avis"];
const HEIF_BRANDS = ["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1"];
const LONGEST_START = 512;

export function recognise(data) {
  if (data.length === 0) throw new EmptyFileError();
  // One character a byte.
  const start = data.toString("latin1", 0, LONGEST_START);
  const kind = READ.find(([magic]) => start.startsWith(magic))?.[1] ?? containerKind(start);
  if (kind) return kind;
  const unsupported = unsupportedKind(start);
  if (unsupported) throw new UnsupportedFormatError(unsupported, SUPPORTED);
  throw new NotAnImageError(SUPPORTED, data.subarray(0, 12));
}

function containerKind(start) {
  if (start.startsWith("RIFF") && start.startsWith("WEBP", 8)) return "WebP";
  return brands(start).some((brand) => AVIF_BRANDS.includes(brand)) ? "AVIF" : undefined;
}

function unsupportedKind(start) {
  const known = KNOWN.find(([magic]) => start.startsWith(magic))?.[1];
  if (known) return known;
  if (brands(start).some((brand) => HEIF_BRANDS.includes(brand))) return "HEIC";
  return isSvg(start) ? "an SVG" : undefined;
}

// The major and the compatible brands of an ISO base media file, or nothing.
function brands(start) {
  if (!start.startsWith("ftyp", 4)) return [];
  const end = Math.min(Buffer.from(start.slice(0, 4), "latin1").readUInt32BE(), start.length);
  const found = [start.slice(8, 12)];
  for (let at = 16; at < end; at += 4) found.push(start.slice(at, at + 4));
  return found;
}

function isSvg(start) {
  const text = start.replace(/^\xef\xbb\xbf/, "").trimStart().toLowerCase();
  return text.startsWith("<svg") || (/^(<\?xml|<!--|<!doctype svg)/.test(text) && text.includes("<svg"));
}
