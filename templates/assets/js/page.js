// Shared by both bundles: copying, printing, menus that close on a click outside, and forms that
// htmx loads only to be submitted.

// watchPage sets up [data-copy], [data-copy-of], [data-make] and [data-print] buttons, <details data-menu> and <form
// data-finish>.
export function watchPage() {
  showTab();
  document.addEventListener("htmx:afterSettle", showTab);
  document.addEventListener("htmx:afterSettle", () => document.querySelector("form[data-finish]")?.submit());
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-of]");
    if (button) await copy(button);
    const maker = event.target.closest("[data-make]");
    if (maker) make(maker);
    if (event.target.closest("[data-print]")) window.print();
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    const help = document.querySelector("details[data-help]");
    if (event.key === "?" && help && !event.target.closest("input, textarea, select, dialog")) {
      event.preventDefault();
      help.open = !help.open;
      help.querySelector("summary").focus();
    }
    if (event.key !== "Escape" || document.querySelector("dialog[open]")) return; // the dialog closes first
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
      event.preventDefault(); // it does not leave the page, too
    }
  });
}

// showTab moves a bar of tabs that is wider than the window to where the current one is.
function showTab() {
  for (const bar of document.querySelectorAll(".tx-tabs")) {
    const tab = bar.querySelector(".active");
    if (tab) bar.scrollLeft = tab.offsetLeft - bar.offsetLeft - (bar.clientWidth - tab.offsetWidth) / 2;
  }
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

// make fills a field with random letters and digits, all equally likely.
function make(button) {
  let text = "";
  while (text.length < Number(button.dataset.make)) {
    const [byte] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < 4 * letters.length) text += letters[byte % letters.length];
  }
  const field = document.getElementById(button.dataset.into);
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

async function copy(button) {
  const words = button.querySelector("span") || button;
  const before = words.textContent;
  try {
    const { copy, copyOf } = button.dataset;
    const text = copy ?? document.getElementById(copyOf).value;
    if (text) await navigator.clipboard.writeText(text);
    words.textContent = text ? "已复制" : "还没有填写";
  } catch {
    words.textContent = "请手动复制";
  }
  setTimeout(() => (words.textContent = before), 2000);
}
