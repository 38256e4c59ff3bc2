// The side menu as a drawer on narrow screens. Without scripts it opens by its fragment (#menu);
// with them, focus moves in, stays in, and returns.

import { keep, kept } from "./keep.js";

// Groups that were opened stay open from page to page, in this browser.

const openGroups = "tx-menu-open";

// watchMenu sets up the drawer and the groups.
export function watchMenu() {
  const side = document.querySelector(".tx-side");
  if (!side) return;
  watchGroups(side);
  let opener = null;

  const close = () => {
    if (!document.body.classList.contains("tx-menu-open")) return;
    document.body.classList.remove("tx-menu-open");
    opener?.focus();
  };

  document.addEventListener("click", (event) => {
    const open = event.target.closest("[data-menu-open]");
    if (open) {
      event.preventDefault();
      opener = open;
      document.body.classList.add("tx-menu-open");
      (side.querySelector("a[aria-current]") ?? side.querySelector("a[href]")).focus();
    } else if (event.target.closest("[data-menu-close]")) {
      event.preventDefault();
      close();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (event.key === "Tab" && document.body.classList.contains("tx-menu-open")) keepInside(side, event);
  });
}

// watchGroups opens the groups that were opened before, and remembers what is opened or closed.
function watchGroups(side) {
  const opened = readGroups();
  for (const group of side.querySelectorAll("details[data-nav-group]")) {
    if (opened.has(group.dataset.navGroup)) group.open = true;
  }
  showCurrent(side);
  side.addEventListener("click", (event) => {
    const group = event.target.closest("summary")?.closest("details[data-nav-group]");
    if (!group) return;
    const groups = readGroups();
    if (group.open) groups.delete(group.dataset.navGroup); // the click is about to close it
    else groups.add(group.dataset.navGroup);
    keep(openGroups, [...groups].join(" "));
  });
}

// showCurrent scrolls the side bar, and nothing else, so far that the page's own line is in view.
function showCurrent(side) {
  const line = side.querySelector("a[aria-current]");
  const below = line ? line.getBoundingClientRect().bottom - side.getBoundingClientRect().bottom : 0;
  if (below > 0) side.scrollTop += below + line.offsetHeight;
}

function readGroups() {
  return new Set((kept(openGroups) ?? "").split(" ").filter(Boolean));
}

function keepInside(side, event) {
  const links = [...side.querySelectorAll("a[href], summary, button")].filter((link) => link.offsetParent);
  const last = links[links.length - 1];
  if (event.shiftKey && document.activeElement === links[0]) {
    event.preventDefault();
    last.focus();
  } else if (!event.shiftKey && document.activeElement === last) {
    event.preventDefault();
    links[0].focus();
  }
}
