// One photo on the page. Its elements are made once and then brought up to date, so that focus stays where it is.

import { bytes, duration, times } from "./words.js";
import { drawWaterfall } from "./waterfall.js";

const WORDS = { accepted: "accepted", waiting: "waiting", ready: "there", replacing: "replacing", refused: "refused",
  failed: "failed", deleted: "deleted" };
// In these states the button does nothing.
const NOT_NOW = { replace: ["accepted", "waiting", "replacing", "deleted"], delete: ["replacing", "deleted"] };
const EXPECTING = ["accepted", "waiting", "replacing"];

export function makeCard(id, act) {
  const card = document.getElementById("card").content.firstElementChild.cloneNode(true);
  card.id = `photo-${id}`;
  card.querySelector(".name").id = `name-${id}`;
  card.setAttribute("aria-labelledby", `name-${id}`);
  const chooser = card.querySelector(".replacement");
  for (const button of card.querySelectorAll("button[data-act]")) {
    button.addEventListener("click", () => {
      // Not `disabled`: a button that loses its focus leaves the keyboard nowhere.
      if (button.getAttribute("aria-disabled") === "true") return;
      if (button.dataset.act === "replace") chooser.click();
      else act(button.dataset.act);
    });
  }
  chooser.addEventListener("change", () => {
    if (chooser.files.length) act("replace", chooser.files[0]);
    chooser.value = "";
  });
  return card;
}

export function drawCard(card, photo) {
  card.dataset.state = photo.state;
  put(card, ".name", photo.name);
  put(card, ".badge span", WORDS[photo.state]);
  put(card, ".headline", photo.headline);
  put(card, ".note", photo.note);
  put(card, ".address", photo.address);
  drawButtons(card, photo);
  drawOriginal(card.querySelector(".original"), photo);
  drawThumbnail(card.querySelector(".thumbnail"), photo);
  drawWaterfall(card.querySelector(".times"), photo);
  drawFound(card.querySelector(".found"), photo);
  drawAnswers(card.querySelector(".answers"), photo);
}

function drawButtons(card, photo) {
  for (const button of card.querySelectorAll("button[data-act]")) {
    const never = NOT_NOW[button.dataset.act]?.includes(photo.state) ?? false;
    button.setAttribute("aria-disabled", String(never));
    button.setAttribute("aria-describedby", `name-${photo.id}`);
  }
}

function drawOriginal(figure, photo) {
  const gone = photo.state === "deleted";
  const image = figure.querySelector("img");
  const note = gone ? "deleted" : "this browser cannot show it";
  image.onload = () => {
    if (!photo.original.width) put(figure, ".pixels", pixels(image.naturalWidth, image.naturalHeight, photo));
  };
  show(figure, gone ? null : `/api/photos/${photo.id}/original?key=${encodeURIComponent(photo.key)}`, note);
  image.alt = `Original of ${photo.name}`;
  put(figure, ".bytes", bytes(photo.original.bytes));
  const known = photo.original.width || !image.naturalWidth;
  put(figure, ".pixels", known ? pixels(photo.original.width, photo.original.height, photo)
    : pixels(image.naturalWidth, image.naturalHeight, photo));
}

function pixels(width, height, photo) {
  const type = photo.original.content_type.replace("image/", "");
  return width ? `${width} × ${height}, ${type}` : type;
}

function drawThumbnail(figure, photo) {
  const given = photo.thumbnail;
  const image = figure.querySelector("img");
  show(figure, given?.is_picture ? `/api/photos/${photo.id}/thumbnail/${given.answer}?key=${encodeURIComponent(photo.key)}` : null,
    given ? `the edge says ${given.status}` : "not asked for yet");
  figure.classList.toggle("expected", EXPECTING.includes(photo.state) && !given?.is_picture);
  image.alt = `Thumbnail of ${photo.name}`;
  put(figure, ".bytes", given?.is_picture ? bytes(given.bytes) : "–");
  put(figure, ".pixels", given?.is_picture ? times(photo.original.bytes, given.bytes) : "150 × 150");
}

function show(figure, source, instead) {
  const image = figure.querySelector("img"), text = figure.querySelector(".instead");
  text.textContent = instead;
  if (source === null) {
    image.hidden = true;
    text.hidden = false;
    image.removeAttribute("src");
  } else if (image.getAttribute("src") !== source) {
    text.hidden = true;
    image.hidden = false;
    image.onerror = () => { image.hidden = true; text.hidden = false; };
    image.src = source;
  }
}

function drawFound(found, photo) {
  found.hidden = photo.details.length === 0;
  found.querySelector("ul").replaceChildren(...photo.details.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }));
}

function drawAnswers(answers, photo) {
  answers.querySelector(".scroll").setAttribute("aria-label", `The edge’s answers about ${photo.name}, the newest first`);
  const body = answers.querySelector("tbody");
  const key = `${photo.key} ${photo.answers_made}`;
  if (body.dataset.shown === key) return;
  body.dataset.shown = key;
  body.replaceChildren(...(photo.answers.length ? photo.answers.toReversed().map(rowOf) : [none()]));
}

function none() {
  const row = document.createElement("tr"), cell = document.createElement("td");
  row.setAttribute("role", "row");
  cell.setAttribute("role", "cell");
  row.className = "nobody";
  cell.colSpan = 9;
  cell.textContent = "Nobody has asked the edge for it yet: press Reload.";
  row.append(cell);
  return row;
}

function rowOf(answer) {
  const cells = [
    ["#", answer.number], ["after", duration(answer.after_ms)], ["status", answer.status],
    ["X-Cache", answer.headers["x-cache"] ?? "–"], ["Age", answer.headers.age ?? "–"],
    ["bytes", answer.bytes.toLocaleString("en-US")], ["took", duration(answer.took_ms)],
    ["Via", answer.headers.via ?? "–"], ["X-Amz-Cf-Id", answer.headers["x-amz-cf-id"] ?? "–"],
  ];
  const row = document.createElement("tr");
  row.setAttribute("role", "row");
  row.className = (answer.headers["x-cache"] ?? "").split(" ")[0].toLowerCase();
  row.append(...cells.map(([name, value]) => {
    const cell = document.createElement("td");
    cell.setAttribute("role", "cell");
    cell.dataset.name = name;
    cell.textContent = value;
    return cell;
  }));
  return row;
}

function put(card, selector, text) {
  const element = card.querySelector(selector);
  if (element.textContent !== text) element.textContent = text;
}
