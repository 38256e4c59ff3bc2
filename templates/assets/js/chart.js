// The chart bundle, loaded only by pages with a chart: see chart-loader.js.
//
// A chart is drawn from its own table, so that the two can never disagree: the first column names
// the bars, every other column is a series with the colour of data-tone. A click on a bar follows
// the link of its cell, or else that of its row.

import { BarChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([BarChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

const tones = { good: "--accent", info: "--info-ink", bad: "--bad-ink", warn: "--warn-ink", neutral: "--neutral-ink" };
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
const drawn = new Map(); // box → ECharts instance

function read(box) {
  const table = box.querySelector("table");
  const heads = [...table.tHead.rows[0].cells].slice(1);
  const lines = [...table.tBodies[0].rows];
  const link = (cell) => cell.querySelector("a")?.href || "";
  return {
    names: lines.map((line) => line.cells[0].textContent.trim()),
    links: heads.map((_, i) => lines.map((line) => link(line.cells[i + 1]) || link(line.cells[0]))),
    series: heads.map((head, i) => ({
      name: head.textContent.trim(),
      tone: head.dataset.tone,
      data: lines.map((line) => Number(line.cells[i + 1].dataset.value)),
    })),
  };
}

function options(box) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const text = { color: colour("--ink-quiet"), fontFamily: colour("--font"), fontSize: 12 };
  const { names, series } = read(box);
  const across = box.dataset.chart === "rank";
  const category = {
    type: "category", data: names, inverse: across, triggerEvent: false,
    axisLabel: { ...text, hideOverlap: true, ...(across ? { width: 130, overflow: "truncate" } : {}) },
    axisLine: { lineStyle: { color: colour("--line-strong") } }, axisTick: { show: false },
  };
  const value = { type: "value", minInterval: 1, axisLabel: text, splitLine: { lineStyle: { color: colour("--line") } } };
  return {
    animation: !calm.matches,
    animationDuration: 250,
    textStyle: { fontFamily: text.fontFamily },
    grid: { left: 4, right: 16, top: series.length > 1 ? 36 : 12, bottom: 4, containLabel: true },
    legend: { show: series.length > 1, top: 0, left: 0, itemWidth: 12, itemHeight: 12, textStyle: text },
    tooltip: {
      trigger: "axis",
      renderMode: "richText", // HTML would need inline styles, which the CSP forbids
      axisPointer: { type: "shadow", shadowStyle: { color: colour("--line"), opacity: 0.4 } },
      backgroundColor: colour("--raised"), borderColor: colour("--line-strong"), textStyle: { ...text, color: colour("--ink") },
    },
    xAxis: across ? value : category,
    yAxis: across ? category : value,
    series: series.map((s) => ({
      type: "bar", name: s.name, data: s.data, stack: "all", barMaxWidth: across ? 18 : 28,
      cursor: "pointer", itemStyle: { color: colour(tones[s.tone] || tones.good) },
    })),
  };
}

function draw(box) {
  const canvas = box.querySelector("[data-chart-canvas]");
  const chart = init(canvas);
  drawn.set(box, chart);
  chart.setOption(options(box));
  chart.on("click", ({ seriesIndex, dataIndex }) => {
    const to = read(box).links[seriesIndex]?.[dataIndex];
    if (to) location.href = to;
  });
  new ResizeObserver(() => canvas.clientWidth && chart.resize()).observe(canvas);
  mode(box, "chart");
}

// mode shows the chart or the table. Behind a chart the table stays for screen readers, but cannot
// receive focus.
function mode(box, show) {
  box.dataset.mode = show;
  for (const part of box.querySelectorAll(".tx-chart-table, .tx-chart-table a")) {
    if (show === "table" && part.matches("a")) part.removeAttribute("tabindex");
    else part.tabIndex = show === "table" ? 0 : -1;
  }
  for (const button of box.querySelectorAll("[data-chart-show]")) {
    button.setAttribute("aria-pressed", String(button.dataset.chartShow === show));
  }
}

function drawAll() {
  for (const [box, chart] of drawn) {
    if (box.isConnected) continue;
    chart.dispose();
    drawn.delete(box);
  }
  for (const box of document.querySelectorAll("[data-chart]")) if (!drawn.has(box)) draw(box);
}

// copy copies the table to the clipboard in the format spreadsheets paste.
async function copy(button, box) {
  const lines = [...box.querySelectorAll("tr")].map((line) => [...line.cells].map((cell) => cell.dataset.value || cell.textContent.trim()).join("\t"));
  const words = button.querySelector("span");
  const before = words.textContent;
  try {
    await navigator.clipboard.writeText(lines.join("\n"));
    words.textContent = "已复制";
  } catch {
    mode(box, "table");
    getSelection().selectAllChildren(box.querySelector("table"));
    words.textContent = "请手动复制";
  }
  setTimeout(() => (words.textContent = before), 2000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-chart-show], [data-chart-copy]");
  const box = button?.closest("[data-chart]");
  if (!box) return;
  if ("chartCopy" in button.dataset) copy(button, box);
  else mode(box, button.dataset.chartShow);
});
document.addEventListener("htmx:afterSettle", drawAll);
new MutationObserver(() => {
  for (const [box, chart] of drawn) chart.setOption(options(box));
}).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });

drawAll();
