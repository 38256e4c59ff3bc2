import { keep, kept } from "./keep.js";

const key = "tongxing-theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");

// applyTheme applies the theme chosen here, or the system's.
export function applyTheme() {
  const theme = kept(key) || (dark.matches ? "dark" : "light");
  document.documentElement.dataset.bsTheme = theme;
}

// watchTheme sets up the switch, and follows the system and other tabs.
export function watchTheme() {
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    const next = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
    keep(key, next);
    document.documentElement.dataset.bsTheme = next;
  });
  dark.addEventListener("change", applyTheme);
  window.addEventListener("storage", applyTheme);
}
