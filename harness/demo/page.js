// The page: takes photos, draws a card for each, and follows the server's events about them.

import { Refused, facts, given, post } from "./api.js";
import { drawCard, makeCard } from "./card.js";
import { ahead, number } from "./words.js";

const DAY_SECONDS = 86_400;
const find = (id) => document.getElementById(id);
const known = await facts();
const shown = new Map();
let lost = false;

drawFacts();
drawSamples();
listen();
follow();

function drawFacts() {
  const values = { ...known, most_upload: `${number(known.most_upload_bytes / 1_000_000)} MB` };
  for (const element of document.querySelectorAll("[data-fact]")) element.textContent = values[element.dataset.fact];
}

function drawSamples() {
  find("samples").append(...known.samples.map((sample) => {
    const item = document.createElement("li"), button = document.createElement("button");
    const name = document.createElement("strong"), trait = document.createElement("span");
    button.type = "button";
    button.append(preview(sample), name, trait);
    name.textContent = sample.name;
    trait.textContent = sample.trait;
    button.addEventListener("click", () => upload([sample.name]));
    item.append(button);
    return item;
  }));
}

function preview(sample) {
  if (!sample.has_preview) {
    const none = document.createElement("span");
    none.className = "none";
    none.textContent = "?";
    none.setAttribute("aria-hidden", "true");
    return none;
  }
  const image = document.createElement("img");
  image.src = `/samples/${encodeURIComponent(sample.name)}`;
  image.alt = "";
  image.width = image.height = 64;
  return image;
}

function listen() {
  const file = find("file");
  file.addEventListener("change", () => {
    upload([...file.files]);
    file.value = "";
  });
  const dragging = (is) => document.body.classList.toggle("dragging", is);
  document.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    dragging(true);
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) dragging(false); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    dragging(false);
    upload([...event.dataTransfer.files]);
  });
  find("problem").querySelector("button").addEventListener("click", () => { find("problem").hidden = true; });
}

async function upload(sources) {
  for (const source of sources) {
    await trying(async () => {
      require(source);
      const { query, body } = given(source);
      query.set("asking", document.querySelector("[name=asking]:checked").value);
      say(`${source.name ?? source}: sending`);
      const photo = await post(`/api/photos?${query}`, body);
      draw(photo);
      find(`photo-${photo.id}`).scrollIntoView({ block: "nearest", behavior: "auto" });
    });
  }
}

function require(source) {
  // The server would refuse it, too, but only after receiving everything.
  if (source.size > known.most_upload_bytes) throw new Refused(`${source.name}: ${known.too_large}`);
}

async function act(id, verb, source) {
  await trying(async () => {
    if (verb === "day" || verb === "year") {
      draw(await post(`/api/photos/${id}/pass?seconds=${verb === "day" ? DAY_SECONDS : 365 * DAY_SECONDS}`));
    } else if (verb === "replace") {
      require(source);
      const { query, body } = given(source);
      draw(await post(`/api/photos/${id}/replace?${query}`, body));
    } else {
      draw(await post(`/api/photos/${id}/${verb}`));
    }
  });
}

async function trying(work) {
  find("problem").hidden = true;
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    complain(error.message);
  }
}

function complain(text) {
  find("problem").querySelector("p").textContent = text;
  find("problem").hidden = false;
}

function say(text) {
  find("said").textContent = text;
}

function follow() {
  const events = new EventSource("/api/events");
  events.addEventListener("begin", () => {
    if (lost) {
      find("cards").replaceChildren();
      find("problem").hidden = true;
    }
    lost = false;
  });
  events.addEventListener("photo", (event) => draw(JSON.parse(event.data)));
  events.addEventListener("edge", (event) => drawEdge(JSON.parse(event.data)));
  events.addEventListener("error", () => {
    lost = true;
    complain("The demo has ended. To go on, start it again: nox -s demo");
  });
}

function draw(photo) {
  let card = find(`photo-${photo.id}`);
  if (!card) {
    card = makeCard(photo.id, (verb, source) => act(photo.id, verb, source));
    insert(card, photo.number);
    find("empty").hidden = true;
  }
  // An answer to a button may come after an event that is younger.
  if (photo.version < Number(card.dataset.version ?? 0)) return;
  card.dataset.version = photo.version;
  drawCard(card, photo);
  const before = shown.get(photo.id);
  if (before?.state !== photo.state) say(`${photo.name}: ${photo.headline}`);
  else if (photo.note && before.note !== photo.note) say(`${photo.name}: ${photo.note}`);
  else if (before.answers_made !== photo.answers_made && photo.state !== "waiting") say(`${photo.name}: ${answer(photo)}`);
  shown.set(photo.id, photo);
}

function insert(card, number) {
  card.dataset.number = number;
  // The newest on top, in whatever order they arrive.
  const below = [...find("cards").children].find((other) => Number(other.dataset.number) < number);
  find("cards").insertBefore(card, below ?? null);
}

function answer(photo) {
  const { status, headers } = photo.answers.at(-1);
  return `${status}, ${headers["x-cache"]}${headers.age ? `, age ${headers.age}` : ""}`;
}

function drawEdge(edge) {
  const values = {
    viewer_requests: number(edge.counts.viewer_requests),
    origin_requests: number(edge.counts.origin_requests),
    cached: number(edge.counts.viewer_requests - edge.counts.origin_requests),
    invalidated_paths: number(edge.invalidated_paths),
    clock: ahead(edge.ahead_seconds),
  };
  for (const element of document.querySelectorAll("[data-edge]")) element.textContent = values[element.dataset.edge];
}
