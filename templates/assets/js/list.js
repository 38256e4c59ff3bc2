// Lists: ticking rows, and addresses without empty filters.

// boxesOf gives the ticks of a form. Its id is asked for by attribute: the boxes
// are named "id" themselves, and form.id would be them.
export function boxesOf(form) {
  return [...document.querySelectorAll(`input[name="id"][form="${form.getAttribute("id")}"]`)];
}

function refresh(bulk) {
  const boxes = boxesOf(bulk);
  const ticked = boxes.filter((box) => box.checked).length;
  const all = bulk.querySelector("[data-tick-all]");
  all.checked = ticked > 0 && ticked === boxes.length;
  all.indeterminate = ticked > 0 && ticked < boxes.length;
  bulk.querySelector("[data-bulk-count]").textContent = ticked ? `已选 ${ticked} 项` : "未选择";
  for (const button of bulk.querySelectorAll("button")) button.disabled = ticked === 0;
  bulk.classList.toggle("tx-bulk-on", ticked > 0);
}

function refreshAll() {
  for (const bulk of document.querySelectorAll("[data-bulk]")) refresh(bulk);
}

// watchList wires bulk bars and filter forms, also those that htmx brings later.
export function watchList() {
  refreshAll();
  document.addEventListener("change", (event) => {
    const all = event.target.closest("[data-tick-all]");
    if (all) {
      for (const box of boxesOf(all.form)) box.checked = all.checked;
    }
    if (all || event.target.name === "id") refreshAll();
  });
  // Before htmx, which would fetch the list alone.
  document.addEventListener("change", loadWhole, true);
  document.addEventListener("htmx:afterSettle", refreshAll);
  document.addEventListener("htmx:pushedIntoHistory", keepQuery);
  // What is wrong with a filter stands beside it, outside the list: the whole page comes.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.xhr.status !== 422 || detail.requestConfig.elt.id !== "list-filters") return;
    detail.shouldSwap = false;
    location.href = detail.pathInfo.finalRequestPath;
  });
  window.addEventListener("pageshow", refreshAll);

  // Where the browser sends the form itself, empty fields stay at home.
  document.addEventListener("formdata", (event) => {
    if (event.target.getAttribute("method") === "get") dropEmpty(event.formData);
  });
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb === "get" && event.detail.elt.matches("form")) dropEmpty(event.detail.formData);
  });
}

// loadWhole sends a form whose choice changes more than the list. What is hidden in
// it belongs to the choice before.
function loadWhole(event) {
  const field = event.target.closest("[data-whole]");
  if (!field) return;
  event.stopImmediatePropagation();
  for (const hidden of field.form.querySelectorAll("input[type=hidden]")) hidden.value = "";
  field.form.submit();
}

// keepQuery takes the filters that htmx has just set into the links that share
// them, but not the page.
function keepQuery() {
  const query = new URLSearchParams(location.search);
  query.delete("after");
  query.delete("before");
  for (const link of document.querySelectorAll("[data-keep-query] a")) link.search = query;
}

function dropEmpty(data) {
  for (const [name, value] of [...data]) if (value === "") data.delete(name);
}
