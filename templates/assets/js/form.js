// Forms: sent once, and not left by accident.
//
//   data-form="once"     the button works once
//   data-form="guarded"  that, and leaving with unsaved changes asks first

import { ask } from "./confirm.js";

const leaving = "有未保存的修改，离开后会丢失。";

// snapshot is the form's content as text, to see whether it was changed.
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

// leaves reports a click that takes this page away: not one for another tab, for a
// file, or for a part of the page.
function leaves(link, event) {
  if (!link || link.target || link.hasAttribute("download") || event.defaultPrevented || event.button !== 0) return false;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return false;
  return !link.getAttribute("href").startsWith("#");
}

// notAgain gives a page that answers a form the address of the page that the form stood
// on. The browser would send the form once more to come back here, or to load this page
// again, and asks in words of its own whether to. The part of the page that was asked
// for stays in view.
function notAgain() {
  const from = document.referrer;
  if ("posted" in document.body.dataset && from.startsWith(`${location.origin}/`)) history.replaceState(history.state, "", from.split("#")[0] + location.hash);
}

// watchForms wires all forms of the page, present and future.
export function watchForms() {
  notAgain();
  for (const form of guarded()) {
    // A form that comes back with messages holds what was typed and not saved.
    form.dataset.before = form.querySelector(".tx-wrong, .tx-flash.tx-bad, [data-unsaved]") ? "?" : snapshot(form);
  }
  // What was being typed when a session ended, on its way back into its form.
  document.querySelector("form[data-resume]")?.submit();
  // The address may lead to another part of the page: then it stays in sight.
  document.querySelector(".tx-wrong input, .tx-wrong select, .tx-wrong textarea")?.focus({ preventScroll: document.querySelector(":target") !== null });

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

  // A field with a button of its own: Enter presses that, not the form's first. What
  // Enter ends while Chinese is typed is a word. Programs that type for people may
  // send the second event although the first was taken.
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

  // A text that names what was picked, and is typed over, names it no more.
  document.addEventListener("input", ({ target }) => {
    const picks = target.dataset.picks;
    if (picks) for (const id of target.form.querySelectorAll(`input[type=hidden][name="${picks}"]`)) id.value = "";
  });

  // How many boxes of a name are ticked.
  document.addEventListener("change", ({ target }) => {
    const tally = target.form?.querySelector(`[data-ticked="${target.name}"]`);
    if (tally) tally.textContent = target.form.querySelectorAll(`input[name="${target.name}"]:checked`).length;
  });

  // Back from the next page: the form may be sent again.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
    for (const button of document.querySelectorAll("button[aria-busy]")) button.removeAttribute("aria-busy");
  });

  window.addEventListener("beforeunload", (event) => {
    if (guarded().some(changed)) event.preventDefault();
  });

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[href]");
    if (!leaves(link, event) || !guarded().some(changed)) return;
    event.preventDefault();
    if (await ask({ text: leaving, yes: "放弃修改", danger: true })) {
      for (const form of guarded()) form.dataset.sent = "1";
      location.href = link.href;
    }
  });
}
