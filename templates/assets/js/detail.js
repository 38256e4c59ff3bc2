// The page of one thing: the neighbours in the list that one came from, and the way back to it. The
// list is kept in this tab: its address, and those of its rows.

const kept = "tx-list";

// keepList remembers the list on this page.
export function keepList() {
  const body = document.querySelector("[data-list]");
  if (!body) return;
  write({ url: location.pathname + location.search, ...listIn(document) });
}

// listIn returns the addresses of a list's rows, and those of the pages before and after.
function listIn(page) {
  const rows = [...page.querySelectorAll("[data-list] tbody tr")];
  const links = rows.map((row) => row.querySelector("td a[href]:not(.tx-menu-item)")?.getAttribute("href")).filter(Boolean);
  const [before, after] = ["prev", "next"].map((rel) => page.querySelector(`.tx-pager a[rel=${rel}]`)?.getAttribute("href") ?? "");
  return { links: links.map((link) => link.split("?")[0]), before, after };
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(kept));
  } catch {
    return null;
  }
}

function write(list) {
  try {
    sessionStorage.setItem(kept, JSON.stringify(list));
  } catch {
    // without it there are no neighbours
  }
}

// watchDetail sets up the links to the neighbours.
export function watchDetail() {
  const head = document.querySelector("[data-detail]");
  const list = head && read();
  const at = list ? list.links.indexOf(head.dataset.detail) : -1;
  if (at < 0) return;
  const crumbs = [...document.querySelectorAll(".tx-crumbs a")];
  const back = crumbs.findLast((link) => link.pathname === list.url.split("?")[0]);
  if (back) back.href = list.url;
  const neighbours = head.querySelector("[data-neighbours]");
  neighbours.hidden = false;
  for (const link of neighbours.querySelectorAll("[data-neighbour]")) {
    const step = Number(link.dataset.neighbour);
    const page = step < 0 ? list.before : list.after;
    if (list.links[at + step]) {
      link.href = list.links[at + step] + location.search;
    } else if (page) {
      link.href = page;
      link.addEventListener("click", (event) => turn(event, page, step));
    } else {
      link.classList.add("disabled");
      link.setAttribute("aria-disabled", "true");
    }
  }
}

// turn opens the first or last thing of the next or previous page of the list.
async function turn(event, page, step) {
  event.preventDefault();
  try {
    const response = await fetch(page, { headers: { Accept: "text/html" } });
    if (!response.ok) throw new Error(response.statusText);
    const found = listIn(new DOMParser().parseFromString(await response.text(), "text/html"));
    const to = found.links.at(step < 0 ? -1 : 0);
    if (!to) throw new Error("no rows");
    write({ url: page, ...found });
    location.href = to + location.search;
  } catch {
    location.href = page; // the list says what is wrong
  }
}
