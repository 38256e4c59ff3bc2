// Large type on the pass: the code, the verdict, the telephone, and nothing else. The choice is kept
// on the device and applied before the first paint.
import { keep, kept } from "./keep.js";

const key = "tongxing-large";

// applyLarge marks the document if large type was chosen; only pages of passes and of staff have it.
export function applyLarge() {
  set(kept(key) === "1" && /^\/h5\/(pass|staff)/.test(location.pathname));
}

// watchLarge sets up the switch.
export function watchLarge() {
  const large = () => "large" in document.documentElement.dataset;
  label(large());
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-large-switch]")) return;
    const next = !large();
    keep(key, next ? "1" : "0");
    set(next);
    label(next);
    window.scrollTo(0, 0);
  });
}

function set(large) {
  if (large) document.documentElement.dataset.large = "";
  else delete document.documentElement.dataset.large;
}

function label(large) {
  for (const button of document.querySelectorAll("[data-large-switch]")) {
    button.textContent = large ? "标准版" : "大字版";
  }
}
