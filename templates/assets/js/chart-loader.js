// Fetches the bundle of charts where a page has one, and only there.

let asked = false;

// watchCharts looks for charts now and after each part that htmx brings.
export function watchCharts() {
  load();
  document.addEventListener("htmx:afterSettle", load);
}

function load() {
  const box = document.querySelector("[data-chart]");
  if (!box || asked) return;
  asked = true;
  const script = document.createElement("script");
  script.src = box.dataset.chartSrc;
  // Without it the tables say the same.
  script.addEventListener("error", () => {
    for (const each of document.querySelectorAll("[data-chart]")) each.dataset.mode = "table";
  });
  document.head.append(script);
}
