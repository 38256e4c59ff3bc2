const key = "tongxing-theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");

function chosen() {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage is forbidden: the system's setting holds
  }
}

// applyTheme sets the theme on the page: the one chosen here, or the system's.
export function applyTheme() {
  const theme = chosen() || (dark.matches ? "dark" : "light");
  document.documentElement.dataset.bsTheme = theme;
}

// watchTheme wires the switch, and follows the system and other tabs.
export function watchTheme() {
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    const next = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem(key, next);
    } catch {
      // not remembered, but switched
    }
    document.documentElement.dataset.bsTheme = next;
  });
  dark.addEventListener("change", applyTheme);
  window.addEventListener("storage", applyTheme);
}
