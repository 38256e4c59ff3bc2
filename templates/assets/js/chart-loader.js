// Loads the chart bundle on pages that have a chart.

let asked = false;

// watchCharts looks for charts now and after each part that htmx loads.
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
  // Without it the tables show the same figures.
  script.addEventListener("error", () => {
    for (const each of document.querySelectorAll("[data-chart]")) each.dataset.mode = "table";
  });
  document.head.append(script);
}
