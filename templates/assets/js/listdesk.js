// Lists on desks: rows by keyboard (j k Enter x e Esc), reviews (1 2), the density of rows, a head that stays, and the
// whole text of what is cut off.

import { keep, kept } from "./keep.js";

const typing = "input:not([type=checkbox]), select, textarea, [contenteditable]";
const blocked = "dialog[open], details[data-menu][open]";

const rows = () => [...document.querySelectorAll("[data-list] tbody tr")];
// The link of a row is that of its subject; a person beside it may have one, too.
const linkOf = (row) =>
  row.querySelector("td.tx-lead a[href]") ?? row.querySelector("td a[href]") ?? row.querySelector("td :is(button, summary, input)");

function current() {
  return document.activeElement?.closest("[data-list] tbody tr");
}

// move focuses the link of the next or previous row; Enter then opens it.
function move(step) {
  const all = rows();
  const at = all.indexOf(current());
  const row = all[at < 0 ? 0 : at + step];
  const link = row && linkOf(row);
  link?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: "nearest" });
}

function tick() {
  const box = current()?.querySelector(".tx-tick input");
  if (!box) return;
  box.checked = !box.checked;
  box.dispatchEvent(new Event("change", { bubbles: true }));
}

// untick clears what is ticked and reports whether anything was.
function untick() {
  const ticked = [...document.querySelectorAll("[data-list] tbody .tx-tick input:checked")];
  for (const box of ticked) box.checked = false;
  ticked[0]?.dispatchEvent(new Event("change", { bubbles: true }));
  return ticked.length > 0;
}

const detail = () => document.querySelector("[data-detail]");

// back leaves a page of one thing for the list, or a list's row.
function back() {
  if (untick()) return;
  if (detail()) document.querySelector(".tx-crumbs li:nth-last-child(2) a")?.click();
  else if (current()) document.activeElement.blur();
}

function edit() {
  const within = current() ?? detail();
  within?.querySelector('a[href$="/edit"]')?.click();
}

function step(by) {
  if (detail()) document.querySelector(`[data-neighbour="${by}"][href]`)?.click();
  else move(by);
}

// What is reviewed must have been on the screen for so long, in milliseconds, without a press of 1 or 2: the second of two quick
// presses, or a key held down, would decide the next application, which nobody has read.
const unread = 1000;
let since = 0; // by the clock of events

const readFromNow = () => (since = performance.now());

// decide approves what is reviewed, or goes to the reasons for not approving it.
function decide(which, { repeat, timeStamp }) {
  const early = repeat || timeStamp - since < unread;
  since = timeStamp;
  if (early) return;
  const button = detail() && document.querySelector(`[data-decide="${which}"]`);
  if (which === "approve") button?.click();
  else button?.focus();
}

const keys = {
  j: () => step(1),
  k: () => step(-1),
  1: (event) => decide("approve", event),
  2: (event) => decide("reject", event),
  x: tick,
  e: edit,
  Escape: back,
};

const density = "tx-density";

function setDensity(name) {
  document.documentElement.dataset.density = name;
  for (const button of document.querySelectorAll("[data-density-switch]")) button.setAttribute("aria-pressed", String(name === "compact"));
}

const readDensity = () => (kept(density) === "compact" ? "compact" : "normal");

function switchDensity() {
  const name = document.documentElement.dataset.density === "compact" ? "normal" : "compact";
  setDensity(name);
  keep(density, name);
  fit();
}

// fit lets the head stay where the table needs no scroll bar.
function fit() {
  for (const part of document.querySelectorAll("[data-list] .tx-scroll")) {
    part.classList.remove("tx-fits");
    part.classList.toggle("tx-fits", part.scrollWidth <= part.clientWidth);
  }
}

// watchListDesk sets up the keys and the density; lists that htmx loads later are included.
export function watchListDesk() {
  readFromNow();
  window.addEventListener("pageshow", readFromNow);
  document.addEventListener("visibilitychange", readFromNow);
  setDensity(readDensity());
  fit();
  document.addEventListener("htmx:afterSettle", () => {
    setDensity(readDensity());
    fit();
  });
  window.addEventListener("resize", fit);
  document.addEventListener("click", ({ target }) => {
    if (target.closest("[data-density-switch]")) switchDensity();
  });
  document.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest(typing) || document.querySelector(blocked)) return;
    if (event.key !== "Escape") event.preventDefault();
    act(event);
  });
  document.addEventListener("mouseover", ({ target }) => {
    const cell = target.closest?.("[data-list] td");
    if (cell && !cell.title && cell.scrollWidth > cell.clientWidth) {
      cell.title = cell.textContent.trim().replaceAll(/\s+/g, " ");
    }
  });
}
