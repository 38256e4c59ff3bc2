const key = "tongxing-theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");

function chosen() {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage is forbidden: use the system's setting
  }
}

// applyTheme applies the theme chosen here, or the system's.
export function applyTheme() {
  const theme = chosen() || (dark.matches ? "dark" : "light");
  document.documentElement.dataset.bsTheme = theme;
}

// watchTheme sets up the switch, and follows the system and other tabs.
export function watchTheme() {
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    const next = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem(key, next);
    } catch {
      // switched, but not remembered
    }
    document.documentElement.dataset.bsTheme = next;
  });
  dark.addEventListener("change", applyTheme);
  window.addEventListener("storage", applyTheme);
}
