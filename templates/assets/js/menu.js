// The side menu as a drawer on narrow screens. Without scripts it opens by its fragment (#menu);
// with them, focus moves in, stays in, and returns.

// watchMenu sets up the drawer.
export function watchMenu() {
  const side = document.querySelector(".tx-side");
  if (!side) return;
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
      side.querySelector("a[aria-current], a[href]").focus();
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

function keepInside(side, event) {
  const links = [...side.querySelectorAll("a[href]")].filter((link) => link.offsetParent);
  const last = links[links.length - 1];
  if (event.shiftKey && document.activeElement === links[0]) {
    event.preventDefault();
    last.focus();
  } else if (!event.shiftKey && document.activeElement === last) {
    event.preventDefault();
    links[0].focus();
  }
}
