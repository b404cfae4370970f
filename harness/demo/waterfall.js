// A photo's timeline as bars: a row a step, time from left to right, a colour for the clock it was read from.

import { duration } from "./words.js";

// The rows that are kept free until the timeline is known, so that nothing moves when it comes.
const EXPECTED = ["accepted", "event", "waiting", "environment", "invocation", "download", "decode", "resize", "encode", "store",
  "seen in the bucket", "seen at the edge"];
const LABELS = { accepted: "PUT accepted", event: "S3’s event", waiting: "on its way", environment: "cold start", store: "stored",
  "seen in the bucket": "seen in bucket", "seen at the edge": "seen at edge" };
const CLOCKS = { application: "application", "function log": "function", "S3, event time": "bucket",
  "in vain": "vain" };

export function drawWaterfall(box, card) {
  const steps = card.timeline ? rowsOf(card) : EXPECTED.map((name) => ({ name }));
  const whole = Math.max(1, ...steps.map((step) => step.end_ms ?? 0));
  const list = document.createElement("ol");
  list.append(...steps.map((step) => rowOf(step, whole)));
  box.replaceChildren(title(card, steps), list, legend());
}

function rowsOf(card) {
  const steps = card.timeline.steps.filter((step) => step.name !== "stored");
  // Where the function ended early: the rows stay, empty.
  const missing = EXPECTED.filter((name) => !steps.some((step) => step.name === name)).map((name) => ({ name }));
  return [...steps, ...missing].map((step) => withFailedRequests(step, card)).sort((one, other) => place(one.name) - place(other.name));
}

function withFailedRequests(step, card) {
  // A page that asks the edge alone does not see the bucket.
  if (step.name === "seen in the bucket" && card.asking === "edge") return { name: step.name, word: "not asked" };
  if (step.name !== "seen at the edge") return step;
  return { ...step, inVain: card.timeline.looks.filter((request) => !request.correct).map((request) => request.at_ms) };
}

function place(name) {
  const found = EXPECTED.indexOf(name);
  return found < 0 ? EXPECTED.indexOf("store") : found;
}

function rowOf(step, whole) {
  const row = document.createElement("li");
  const name = document.createElement("span"), track = document.createElement("span"), value = document.createElement("span");
  name.className = "step";
  name.textContent = LABELS[step.name] ?? step.name;
  track.className = "track";
  value.className = "value";
  if (step.start_ms == null) {
    value.textContent = step.name === "environment" && step.note === "reused" ? "warm" : step.word ?? "–";
    row.classList.add("none");
  } else {
    const start = Math.max(0, step.start_ms), took = Math.max(0, step.end_ms - start);
    track.append(bar(step, start / whole, took / whole));
    value.textContent = step.end_ms === step.start_ms ? `at ${duration(start)}` : duration(took);
  }
  for (const at of step.inVain ?? []) track.append(bar({ clock: "in vain" }, at / whole, 0));
  row.append(name, track, value);
  return row;
}

function bar(step, start, width) {
  const drawn = document.createElement("span");
  drawn.className = `bar ${CLOCKS[step.clock] ?? ""} ${width ? "" : "moment"} ${step.name === "invocation" ? "around" : ""}`;
  drawn.style.setProperty("--start", `${(start * 100).toFixed(2)}%`);
  drawn.style.setProperty("--width", `${(width * 100).toFixed(2)}%`);
  return drawn;
}

function title(card, steps) {
  const heading = document.createElement("h4");
  const seen = steps.find((step) => step.name === "seen at the edge");
  heading.textContent = seen?.end_ms == null ? "From PUT to picture" : `From PUT to picture: ${duration(seen.end_ms)}`;
  return heading;
}

function legend() {
  const line = document.createElement("p");
  line.className = "legend";
  const clocks = [["application", "seen by the application"], ["function", "the function’s log"], ["bucket", "S3"],
    ["vain", "asked in vain"]];
  for (const [name, text] of clocks) {
    const entry = document.createElement("span");
    const chip = document.createElement("span");
    chip.className = `chip ${name}`;
    entry.append(chip, text);
    line.append(entry);
  }
  return line;
}
