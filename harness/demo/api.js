// What the page asks its server for.

export class Refused extends Error {}

export async function post(path, body) {
  let answer;
  try {
    answer = await fetch(path, { method: "POST", body });
  } catch {
    throw new Refused("The demo does not answer: expected it to run, so start it again with nox -s demo.");
  }
  const given = await answer.json();
  if (!answer.ok) throw new Refused(given.error);
  return given;
}

export async function facts() {
  return (await fetch("/api/facts")).json();
}

// Either a File, or the name of one of the test pictures.
export function given(source) {
  const query = new URLSearchParams();
  if (typeof source === "string") query.set("sample", source);
  else query.set("name", source.name);
  return { query, body: typeof source === "string" ? null : source };
}
