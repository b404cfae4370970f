// Finds the function that `_HANDLER` names: `folder/module.export.of.it`.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { HandlerNotFound, ImportModuleError, MalformedHandlerName, UserCodeSyntaxError } from "./errors.mjs";

// Lambda's own order.
const ENDINGS = [".js", ".mjs", ".cjs"];

export async function loadHandler(taskRoot, handler) {
  const match = /^([^.]+)\.(.+)$/.exec(path.basename(handler));
  if (!match || handler.includes("..")) throw new MalformedHandlerName(handler);
  const [, name, exported] = match;
  const module = await load(path.join(taskRoot, path.dirname(handler), name));
  const found = find(module, exported) ?? find(module?.default, exported);
  if (typeof found !== "function") throw new HandlerNotFound(handler, typeof found);
  return found;
}

async function load(modulePath) {
  const file = ENDINGS.map((ending) => modulePath + ending).find(existsSync);
  if (!file) throw new ImportModuleError(`Cannot find module '${path.basename(modulePath)}'`);
  try {
    return file.endsWith(".mjs") ? await import(pathToFileURL(file)) : await requireOrImport(file);
  } catch (error) {
    if (error instanceof SyntaxError) throw new UserCodeSyntaxError(error);
    if (["MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"].includes(error?.code)) throw new ImportModuleError(error);
    throw error;
  }
}

// require() first, as on Lambda: import() would read a CommonJS file twice, once for the names of its exports.
async function requireOrImport(file) {
  try {
    return createRequire(file)(file);
  } catch (error) {
    if (error?.code !== "ERR_REQUIRE_ESM") throw error;
    return import(pathToFileURL(file));
  }
}

const find = (module, exported) => exported.split(".").reduce((value, key) => value?.[key], module);
