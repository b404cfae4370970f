// Lambda's runtime client for Node.js: asks the Runtime API for events and has the function serve them.
// It behaves like AWS's own, https://github.com/aws/aws-lambda-nodejs-runtime-interface-client, without the C++.

import { loadHandler } from "./user_function.mjs";
import { describe, UnhandledPromiseRejection } from "./errors.mjs";
import { nextInvocation, postInitError, postInvocationError, postResponse } from "./runtime_api.mjs";
import { logsFor, prefixConsole } from "./console.mjs";
import { contextOf } from "./context.mjs";

// AWS's exit codes.
const UNHANDLED_REJECTION = 128;
const UNCAUGHT_EXCEPTION = 129;

let postError = postInitError;
let onEmptyEventLoop = () => {};

process.on("uncaughtException", (error) => end("Uncaught Exception", error, UNCAUGHT_EXCEPTION));
process.on("unhandledRejection", (reason) =>
  end("Unhandled Promise Rejection", new UnhandledPromiseRejection(reason), UNHANDLED_REJECTION),
);
process.on("beforeExit", () => onEmptyEventLoop());

prefixConsole();
const handler = await loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);

for (;;) {
  const invocation = await nextInvocation();
  logsFor(invocation.requestId);
  postError = (described) => postInvocationError(invocation.requestId, described);
  const context = contextOf(invocation);
  try {
    const result = await serve(JSON.parse(invocation.event), context);
    await postResponse(invocation.requestId, stringify(result));
  } catch (error) {
    console.error(`Invoke Error \t${JSON.stringify(describe(error))}`);
    await postError(describe(error));
  }
}

// Settles as the function does: by its promise, by its callback, or, if it forgets both, once nothing is left to do.
function serve(event, context) {
  return new Promise((resolve, reject) => {
    onEmptyEventLoop = () => resolve(null);
    const callback = (error, result) => {
      const settle = () => (error ? reject(error) : resolve(result));
      // What the function has begun is finished first, unless it says otherwise.
      onEmptyEventLoop = settle;
      if (!context.callbackWaitsForEmptyEventLoop) setImmediate(settle);
    };
    const returned = handler(event, context, callback);
    if (typeof returned?.then === "function") returned.then(resolve, reject);
  });
}

function stringify(result) {
  try {
    return JSON.stringify(result === undefined ? null : result);
  } catch (error) {
    throw new Error(`Unable to stringify response body: ${error.message}`, { cause: error });
  }
}

async function end(what, error, exitCode) {
  console.error(`${what} \t${JSON.stringify(describe(error))}`);
  try {
    await postError(describe(error));
  } finally {
    process.exit(exitCode);
  }
}
