// The lines of console.log and its like, as Lambda writes them: `<time> TAB <request> TAB <level> TAB <text>`.
// What a function writes to process.stdout itself comes out as it is.

import { format } from "node:util";

const LEVELS = { debug: "DEBUG", error: "ERROR", info: "INFO", log: "INFO", trace: "TRACE", warn: "WARN" };

let requestId;

export function logsFor(id) {
  requestId = id;
}

export function prefixConsole() {
  for (const [method, level] of Object.entries(LEVELS)) {
    console[method] = (...values) => write(level, format(...values));
  }
}

function write(level, text) {
  const line = `${new Date().toISOString()}\t${requestId}\t${level}\t${text}`;
  // Inner line ends become carriage returns, so that the log takes it all for one entry.
  process.stdout.write(`${line.replaceAll("\n", "\r")}\n`);
}
