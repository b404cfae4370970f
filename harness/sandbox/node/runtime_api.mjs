// The calls of Lambda's Runtime API: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

import http from "node:http";

const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const PREFIX = "/2018-06-01/runtime";
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

export async function nextInvocation() {
  const { headers, body } = await call("GET", "/invocation/next");
  return {
    requestId: headers["lambda-runtime-aws-request-id"],
    deadlineEpochMs: Number(headers["lambda-runtime-deadline-ms"]),
    functionArn: headers["lambda-runtime-invoked-function-arn"],
    event: body,
  };
}

export const postResponse = (requestId, body) => call("POST", `/invocation/${requestId}/response`, body);

export const postInvocationError = (requestId, described) =>
  postDescribed(`/invocation/${requestId}/error`, described);

export const postInitError = (described) => postDescribed("/init/error", described);

function postDescribed(path, described) {
  // The type goes into a header too, where only these characters are allowed.
  const errorType = String(described.errorType).replace(/[^\x20-\x7e]/g, "?");
  return call("POST", path, JSON.stringify(described), { "Lambda-Runtime-Function-Error-Type": errorType });
}

function call(method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, path: PREFIX + path, method, agent }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() }));
    });
    request.on("error", reject);
    for (const [name, value] of Object.entries(headers)) request.setHeader(name, value);
    if (body !== undefined) {
      request.setHeader("Content-Type", "application/json");
      request.setHeader("Content-Length", Buffer.byteLength(body));
    }
    request.end(body);
  });
}
