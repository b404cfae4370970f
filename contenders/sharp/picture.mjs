// sharp: three steps, one after the other, so that each can be timed.
//
// libvips is lazy: `open` reads the header, `resize` decodes and shrinks, a JPEG by libjpeg's own scales. That the
// small picture comes back as plain pixels before it is encoded costs half a millisecond and gives the same bytes.

import sharp from "sharp";
import { DamagedImageError, TooManyPixelsError } from "./errors.mjs";
import { recognise } from "./formats.mjs";

// Each picture comes once, so remembering operations only costs memory; and a function of 512 MB has less than a
// third of one core (https://sharp.pixelplumbing.com/performance).
sharp.cache(false);
sharp.concurrency(1);

// Ours decides on the header, before any pixel is decoded.
const INPUT = { sequentialRead: true, failOn: "error", limitInputPixels: false };

export async function open(data, { maxPixels }) {
  const kind = recognise(data);
  const header = await translated(kind, () => sharp(data, INPUT).metadata());
  if (header.width * header.height > maxPixels) {
    throw new TooManyPixelsError(header.width, header.height, maxPixels);
  }
  return { data, kind, header };
}

export async function resize({ data, kind, header }, size) {
  const image = sharp(data, INPUT).autoOrient().resize(size, size, { fit: "cover", position: "centre" });
  const plainCmyk = header.space === "cmyk" && !header.hasProfile;
  if (plainCmyk) image.pipelineColourspace("cmyk").toColourspace("cmyk");
  const small = await translated(kind, () => image.raw().toBuffer({ resolveWithObject: true }));
  return plainCmyk ? fromPlainCmyk(small, size) : { pixels: small.data, channels: small.info.channels, size };
}

// sharp writes no metadata unless it is asked to.
export function encode({ pixels, channels, size }, { format, quality, effort }) {
  const image = sharp(pixels, { raw: { width: size, height: size, channels } });
  if (format === "webp") return image.webp({ quality, effort }).toBuffer();
  if (format === "avif") return image.avif({ quality, effort }).toBuffer();
  return image.flatten({ background: "white" }).jpeg({ quality }).toBuffer();
}

// R = 255 (1 - C) (1 - K), which the contract wants: libvips would take a printing profile of its own.
function fromPlainCmyk({ data }, size) {
  const pixels = Buffer.alloc(size * size * 3);
  for (let pixel = 0; pixel < size * size; pixel += 1) {
    const light = 255 - data[4 * pixel + 3];
    for (let band = 0; band < 3; band += 1) {
      pixels[3 * pixel + band] = Math.round(((255 - data[4 * pixel + band]) * light) / 255);
    }
  }
  return { pixels, channels: 3, size };
}

// Turns sharp's complaints about a file into ours; being out of memory is none of them.
async function translated(kind, step) {
  try {
    return await step();
  } catch (error) {
    const reason = error.message.replace(/\s+/g, " ").trim();
    if (reason.includes("out of memory")) throw error;
    throw new DamagedImageError(kind, reason);
  }
}
