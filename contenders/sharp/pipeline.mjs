// The steps from an original to its thumbnail, each timed.

import { performance } from "node:perf_hooks";
import { thumbnailKey } from "./keys.mjs";
import { encode, open, resize } from "./picture.mjs";

export async function makeThumbnail(key, settings, storage) {
  const milliseconds = {};
  const timed = async (step, work) => {
    const start = performance.now();
    const result = await work();
    milliseconds[`${step}_ms`] = Number((performance.now() - start).toFixed(3));
    return result;
  };
  const thumbnail = thumbnailKey(key, settings);
  const original = await timed("download", () => storage.get(key));
  const picture = await timed("decode", () => open(original, settings));
  const small = await timed("resize", () => resize(picture, settings.size));
  const data = await timed("encode", () => encode(small, settings));
  await timed("upload", () => storage.put(thumbnail, data, `image/${settings.format}`));
  return {
    original: key,
    thumbnail,
    originalBytes: original.length,
    thumbnailBytes: data.length,
    width: picture.header.width,
    height: picture.header.height,
    milliseconds,
  };
}
