// What the function raises on purpose; all that is permanent stands here, anything else is retried.

class NamedError extends Error {
  constructor(message) {
    super(message);
    this.name = new.target.name;
  }
}

export class SettingsError extends NamedError {
  constructor(variable, expected, value) {
    const came = value === undefined ? "nothing" : `'${value}'`;
    super(`${variable}: expected ${expected}, got ${came}; set it in the function's environment`);
  }
}

export class DestinationInsideSourceError extends NamedError {
  constructor(source, destination) {
    super(
      `DESTINATION_PREFIX: expected a place outside SOURCE_PREFIX '${source}', got '${destination}'; ` +
        "the function would call itself for ever, so change one of the two",
    );
  }
}

export class NotANotificationError extends NamedError {
  constructor(came) {
    super(
      `expected an S3 notification, got ${came}; let the bucket's notification invoke the function directly`,
    );
  }
}

// No retry would cure these; they become the answer instead of being raised.
export class PermanentError extends NamedError {
  get type() {
    return this.name.replace(/Error$/, "");
  }
}

export class OriginalMissingError extends PermanentError {
  constructor(key) {
    super(`expected an object '${key}', the bucket has none; it may have been deleted since`);
  }
}

export class EmptyFileError extends PermanentError {
  constructor() {
    super("expected a picture, got an empty file; upload it again");
  }
}

export class NotAnImageError extends PermanentError {
  constructor(supported, start) {
    super(`expected ${supported}, got a file that starts with ${JSON.stringify(start.toString("latin1"))}`);
  }
}

export class UnsupportedFormatError extends PermanentError {
  constructor(kind, supported) {
    super(`expected ${supported}, got ${kind}; convert it before uploading`);
  }
}

export class DamagedImageError extends PermanentError {
  constructor(kind, reason) {
    super(`expected a whole ${kind}, got a damaged one (${reason}); upload it again`);
  }
}

export class TooManyPixelsError extends PermanentError {
  constructor(width, height, limitPixels) {
    const pixels = (width * height).toLocaleString("en");
    super(
      `expected at most ${limitPixels.toLocaleString("en")} pixels, got ${width}x${height} = ${pixels}; ` +
        "upload a smaller picture or raise MAX_PIXELS",
    );
  }
}
