// Forms: submitted once, and not left by accident.
//
//   data-form="once"     the button works once
//   data-form="guarded"  the same, and leaving with unsaved changes asks first

import { ask } from "./confirm.js";

const leaving = "有未保存的修改，离开后会丢失。";

// snapshot returns the form's content as text, to detect changes.
function snapshot(form) {
  const words = (value) => (value instanceof File ? `${value.name} ${value.size}` : value);
  return new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, words(value)])).toString();
}

function changed(form) {
  return form.dataset.form === "guarded" && !form.dataset.sent && form.dataset.before !== snapshot(form);
}

function guarded() {
  return [...document.querySelectorAll('form[data-form="guarded"]')];
}

// unsaved reports whether leaving the page would lose something.
export const unsaved = () => guarded().some(changed);

// leaves reports whether a click leaves this page: not if it opens another tab, a download, or a
// part of the page.
function leaves(link, event) {
  if (!link || link.target || link.hasAttribute("download") || event.defaultPrevented || event.button !== 0) return false;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return false;
  return !link.getAttribute("href").startsWith("#");
}

// notAgain replaces the URL of a page that answers a form by that of the page with the form.
// Otherwise the browser would resubmit the form on back or reload, after a question in its own
// words. The fragment of the URL is kept.
function notAgain() {
  const from = document.referrer;
  if ("posted" in document.body.dataset && from.startsWith(`${location.origin}/`)) history.replaceState(history.state, "", from.split("#")[0] + location.hash);
}

// keepTyping keeps what is typed while a choice has the form drawn again, which takes as long as the
// network does: the new form has what the old one had when it was asked for.
function keepTyping() {
  const text = "input:not([type=hidden], [type=checkbox], [type=radio], [type=file])[id], textarea[id]";
  const texts = (form) => new Map([...form.querySelectorAll(text)].map((field) => [field.id, field.value]));
  const asked = new WeakMap(); // by request: others of the page are on their way too
  let typed = [];
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (detail.elt.form) asked.set(detail.xhr, texts(detail.elt.form));
  });
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const sent = asked.get(detail.xhr);
    typed = sent && detail.target.matches("form") ? [...texts(detail.target)].filter(([id, value]) => sent.get(id) !== value) : [];
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const [id, value] of typed.splice(0)) {
      const field = document.getElementById(id);
      if (field?.matches(text)) field.value = value;
    }
  });
}

// showWrong focuses the first field that is wrong; pictures that arrive later must not push it out of view.
function showWrong() {
  const field = document.querySelector(".tx-wrong input, .tx-wrong select, .tx-wrong textarea");
  const still = document.querySelector(":target") !== null;
  field?.focus({ preventScroll: still });
  if (!field || still || document.readyState === "complete") return;
  const again = () => document.activeElement === field && field.scrollIntoView({ block: "nearest" });
  window.addEventListener("load", again, { once: true });
}

// watchForms sets up all forms of the page, present and future.
export function watchForms() {
  notAgain();
  keepTyping();
  for (const form of guarded()) {
    // A form shown again with messages contains values that are not saved.
    form.dataset.before = form.querySelector(".tx-wrong, .tx-flash.tx-bad, [data-unsaved]") ? "?" : snapshot(form);
  }
  // A draft from an expired session, posted back to its form.
  document.querySelector("form[data-resume]")?.submit();
  // If the URL has a fragment, that part stays in view.
  showWrong();

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !form.dataset.form) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    event.submitter?.setAttribute("aria-busy", "true");
  });

  document.addEventListener("change", (event) => {
    const { presets } = event.target.dataset;
    if (!presets) return;
    const ticks = (event.target.selectedOptions[0].dataset.ticks || "").split(" ");
    for (const box of event.target.form.querySelectorAll(`input[type=checkbox][name="${presets}"]:enabled`)) box.checked = ticks.includes(box.value);
  });

  watchMatrices();

  // In a field with a button of its own, Enter presses that button, not the form's first. While
  // Chinese is being typed, Enter only completes the word. Programs that type on the user's behalf
  // may send the second event even if the first was handled.
  const takeEnter = (event) => {
    const { enter } = event.target.dataset ?? {};
    if (!enter || event.key !== "Enter" || event.isComposing) return false;
    event.preventDefault();
    return true;
  };
  document.addEventListener("keypress", takeEnter);
  document.addEventListener("keydown", (event) => {
    if (takeEnter(event)) event.target.form.querySelector(`button[value="${event.target.dataset.enter}"]`).click();
  });

  // Typing over a picked suggestion clears the id it stood for.
  document.addEventListener("input", ({ target }) => {
    const picks = target.dataset.picks;
    if (picks) for (const id of target.form.querySelectorAll(`input[type=hidden][name="${picks}"]`)) id.value = "";
  });

  // Shows how many boxes of a name are ticked.
  document.addEventListener("change", ({ target }) => {
    const tally = target.form?.querySelector(`[data-ticked="${target.name}"]`);
    if (tally) tally.textContent = target.form.querySelectorAll(`input[name="${target.name}"]:checked`).length;
  });

  // After the back button the form may be submitted again.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
    for (const button of document.querySelectorAll("button[aria-busy]")) button.removeAttribute("aria-busy");
  });

  window.addEventListener("beforeunload", (event) => {
    if (unsaved()) event.preventDefault();
  });

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[href]");
    if (!leaves(link, event) || !unsaved()) return;
    event.preventDefault();
    if (await ask({ text: leaving, yes: "放弃修改", danger: true })) {
      for (const form of guarded()) form.dataset.sent = "1";
      location.href = link.href;
    }
  });
}

// boxesBeside returns the boxes that the head of a row, of a column or of a group's part of a column stands for.
function boxesBeside(all) {
  const bodies = all.dataset.all === "group" ? [all.closest("tbody")] : [...all.closest("table").tBodies];
  const within = all.dataset.all === "row" ? [all.closest("tr")] : bodies.flatMap((body) => [...body.rows]);
  const at = all.closest("th, td").cellIndex;
  const cells = within.flatMap((row) => (all.dataset.all === "row" ? [...row.cells].slice(1) : [row.cells[at]]));
  return cells.filter(Boolean).flatMap((cell) => [...cell.querySelectorAll("input[type=checkbox][name]:enabled")]);
}

function showMatrices() {
  for (const all of document.querySelectorAll("[data-matrix] [data-all]")) {
    const boxes = boxesBeside(all);
    const ticked = boxes.filter((box) => box.checked).length;
    all.disabled = boxes.length === 0;
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  }
}

// watchMatrices ticks rows and columns of a matrix by their heads; arrows move between boxes.
function watchMatrices() {
  showMatrices();
  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-matrix] [data-all]")) for (const box of boxesBeside(target)) box.checked = target.checked;
    showMatrices();
  });
  window.addEventListener("pageshow", showMatrices);
  document.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const cell = event.target.closest?.("[data-matrix] :is(td, th)");
    if (!step || !cell) return;
    event.preventDefault();
    const rows = [...cell.closest("table").rows];
    for (let i = cell.parentElement.rowIndex + step; rows[i]; i += step) {
      const box = rows[i].cells[cell.cellIndex]?.querySelector("input:enabled");
      if (box) {
        box.focus();
        return;
      }
    }
  });
}
