// The menus ⋯ of rows. Their panel would be cut off by the scrolling table, so it is placed over the
// page, and stays at its button when the page scrolls: a button reached by Tab scrolls into view, and the
// event of that scroll may come after the menu was opened. Arrows move through it.

// place puts an open menu's panel at its button; a menu whose button has left the window is closed.
function place(menu) {
  const panel = menu.querySelector(".tx-menu-panel");
  const button = menu.querySelector("summary").getBoundingClientRect();
  if (button.bottom < 0 || button.top > window.innerHeight) {
    menu.open = false;
    return;
  }
  panel.style.position = "fixed";
  panel.style.right = `${document.documentElement.clientWidth - button.right}px`;
  const below = button.bottom + 4;
  panel.style.top = `${Math.max(4, Math.min(below, window.innerHeight - panel.offsetHeight - 4))}px`;
}

const items = (menu) => [...menu.querySelectorAll(".tx-menu-item")];

// watchRowMenus sets up all menus of rows, present and future.
export function watchRowMenus() {
  document.addEventListener(
    "toggle",
    ({ target }) => {
      if (!target.matches?.(".tx-row-menu") || !target.open) return;
      for (const other of document.querySelectorAll(".tx-row-menu[open]")) if (other !== target) other.open = false;
      place(target);
      items(target)[0]?.focus({ preventScroll: true });
    },
    true,
  );
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.(".tx-row-menu[open]");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!menu || !step) return;
    event.preventDefault();
    const all = items(menu);
    const at = all.indexOf(document.activeElement);
    all[(at + step + all.length) % all.length].focus();
  });
  window.addEventListener(
    "scroll",
    () => {
      for (const menu of document.querySelectorAll(".tx-row-menu[open]")) place(menu);
    },
    true,
  );
}
