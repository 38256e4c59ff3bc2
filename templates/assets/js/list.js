// Lists: ticking rows, and URLs without empty filters.

import { keepList } from "./detail.js";
import { watchListDesk } from "./listdesk.js";

// boxesOf returns the boxes of a form. The id is read as an attribute: the boxes are named "id"
// themselves, so form.id would return them.
export function boxesOf(form) {
  return [...document.querySelectorAll(`input[name="id"][form="${form.getAttribute("id")}"]`)];
}

function refresh(bulk) {
  const boxes = boxesOf(bulk);
  const ticked = boxes.filter((box) => box.checked).length;
  for (const all of document.querySelectorAll("[data-tick-all]")) {
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  }
  bulk.querySelector("[data-bulk-count]").textContent = ticked ? `已选 ${ticked} 项` : "未选择";
  for (const button of bulk.querySelectorAll("button")) button.disabled = ticked === 0;
  bulk.classList.toggle("tx-bulk-on", ticked > 0);
}

// fold opens or closes what is behind a button on phones: the filters, or the boxes and the bulk bar.
// Boxes that nobody sees are not ticked.
function fold(button) {
  const open = button.closest(".tx-list").classList.toggle(`tx-open-${button.dataset.listFold}`);
  showFolds();
  if (open && button.dataset.listFold === "filters") document.querySelector("#list-filters :is(input, select):not([type=hidden])")?.focus();
  if (open || button.dataset.listFold !== "ticks") return;
  for (const bulk of document.querySelectorAll("[data-bulk]")) for (const box of boxesOf(bulk)) box.checked = false;
  refreshAll();
}

function showFolds() {
  for (const button of document.querySelectorAll("[data-list-fold]")) {
    const open = button.closest(".tx-list").classList.contains(`tx-open-${button.dataset.listFold}`);
    button.setAttribute("aria-expanded", String(open));
  }
}

function refreshAll() {
  for (const bulk of document.querySelectorAll("[data-bulk]")) refresh(bulk);
}

// watchList sets up bulk bars and filter forms, including those that htmx loads later.
export function watchList() {
  refreshAll();
  keepList();
  watchListDesk();
  document.addEventListener("change", (event) => {
    const all = event.target.closest("[data-tick-all]");
    if (all) {
      for (const box of boxesOf(all.form)) box.checked = all.checked;
    }
    if (all || event.target.name === "id") refreshAll();
  });
  // Before htmx, which would fetch only the list.
  document.addEventListener("change", loadWhole, true);
  document.addEventListener("htmx:afterSettle", refreshAll);
  document.addEventListener("htmx:afterSettle", showFolds);
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-list-fold]");
    if (button) fold(button);
  });
  document.addEventListener("htmx:afterSettle", keepList);
  document.addEventListener("htmx:pushedIntoHistory", keepQuery);
  document.addEventListener("htmx:replacedInHistory", keepQuery);
  // Messages of a filter are outside the list: the whole page is replaced.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.xhr.status !== 422 || detail.requestConfig.elt.id !== "list-filters") return;
    detail.shouldSwap = false;
    location.href = detail.pathInfo.responsePath || detail.pathInfo.finalRequestPath;
  });
  window.addEventListener("pageshow", refreshAll);

  // If the browser submits the form itself, empty fields are omitted.
  document.addEventListener("formdata", (event) => {
    if (event.target.getAttribute("method") === "get") dropEmpty(event.formData);
  });
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb === "get" && event.detail.elt.matches("form")) dropEmpty(event.detail.formData);
  });
}

// loadWhole submits a form in which a choice affects more than the list. Its hidden fields belong
// to the previous choice.
function loadWhole(event) {
  const field = event.target.closest("[data-whole]");
  if (!field) return;
  event.stopImmediatePropagation();
  for (const hidden of field.form.querySelectorAll("input[type=hidden]:not([name=csrf], [name=list])")) hidden.value = "";
  field.form.submit();
}

// keepQuery copies the filters that htmx has just set to the links that share them, without the
// page.
function keepQuery() {
  const query = new URLSearchParams(location.search);
  query.delete("after");
  query.delete("before");
  for (const link of document.querySelectorAll("[data-keep-query] a")) link.search = query;
}

function dropEmpty(data) {
  for (const [name, value] of [...data]) if (value === "") data.delete(name);
}
