// The log: one JSON object a line. Not by console.log, before whose text Lambda puts the time and the request.

export function write(level, message, fields) {
  process.stdout.write(`${JSON.stringify({ level, message, ...fields })}\n`);
}
