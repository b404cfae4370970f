// Errors as Lambda names and describes them.

class RuntimeError extends Error {
  constructor(cause) {
    super(cause instanceof Error ? `${cause.name}: ${cause.message}` : cause);
    this.name = `Runtime.${new.target.name}`;
    if (cause instanceof Error) this.stack = `${this.name}: ${cause.stack}`;
  }
}

export class ImportModuleError extends RuntimeError {}

export class UserCodeSyntaxError extends RuntimeError {}

export class MalformedHandlerName extends RuntimeError {
  constructor(handler) {
    super(`Bad handler ${handler}: expected module.function`);
  }
}

export class HandlerNotFound extends RuntimeError {
  constructor(handler, kind) {
    super(kind === "undefined" ? `${handler} is undefined or not exported` : `${handler} is not a function`);
  }
}

export class UnhandledPromiseRejection extends RuntimeError {
  constructor(reason) {
    super(reason instanceof Error ? reason : String(reason));
    this.reason = reason;
  }
}

// What is posted for an error; anything may be thrown in JavaScript.
export function describe(error) {
  if (!(error instanceof Error)) {
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  }
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? "").split("\n") };
}
