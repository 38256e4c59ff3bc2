// Parts of a page that follow a stream of server-sent events.
//
//   data-live="/address"         the stream; parts with the same address share it
//   data-live-event="passage"    the events' name, "message" if absent
//   data-live-swap="refresh"     an event is a hint: the page is fetched, and the
//                                element with this id taken from it
//                 "replace"      the event's HTML replaces the content
//                 "reload"       the whole page is reloaded
//                 "prepend"      the event's HTML is inserted at the top; data-live-max
//                                limits the number of children
//   data-live-pauses             there is no stream while the page is hidden
//
// An element [data-live-state] shows whether the stream is connected.

import { netDoubted, netOn } from "./net.js";

const streams = new Map();

// watchLive opens the streams of the page's parts.
export function watchLive() {
  for (const part of document.querySelectorAll("[data-live]")) follow(part);
  window.addEventListener("pagehide", closeAll);
  document.addEventListener("visibilitychange", rest);
  window.addEventListener("offline", cut);
  window.addEventListener("online", mend);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload(); // events in between were missed
  });
}

function closeAll() {
  for (const stream of streams.values()) stream.close();
  streams.clear();
}

// cut ends the streams when the network is gone: the browser may take minutes to notice that nothing comes by them.
function cut() {
  closeAll();
  show("off", "没有网络，不再更新");
}

// mend opens them again, and fetches what came meanwhile.
function mend() {
  closeAll();
  for (const part of document.querySelectorAll("[data-live]")) follow(part);
  refreshAll();
}

// rest closes the streams of what nobody sees, and opens them again.
function rest() {
  for (const part of document.querySelectorAll("[data-live-pauses]")) {
    const address = part.dataset.live;
    if (document.hidden) {
      streams.get(address)?.close();
      streams.delete(address);
    } else if (!streams.has(address)) {
      follow(part);
      swaps.refresh(part); // what came meanwhile
    }
  }
}

function follow(part) {
  if (document.hidden && "livePauses" in part.dataset) return;
  const stream = open(part.dataset.live);
  const { id } = part;
  stream.addEventListener(part.dataset.liveEvent || "message", (event) => {
    const now = document.getElementById(id) || part;
    swaps[now.dataset.liveSwap || "refresh"](now, event.data);
  });
}

function open(address) {
  if (streams.has(address)) return streams.get(address);
  const stream = new EventSource(address);
  streams.set(address, stream);
  let lost = false;
  stream.addEventListener("open", () => {
    netOn();
    show("on", "实时更新中");
    if (lost) refreshAll(); // events in the gap are lost
    lost = false;
  });
  stream.addEventListener("error", () => {
    lost = true;
    netDoubted();
    show("off", "连接中断，正在重连");
    if (stream.readyState !== EventSource.CLOSED) return;
    streams.delete(address);
    setTimeout(() => {
      for (const p of document.querySelectorAll("[data-live]")) if (p.dataset.live === address) follow(p);
    }, 5000);
  });
  return stream;
}

function show(state, words) {
  for (const lamp of document.querySelectorAll("[data-live-state]")) {
    lamp.dataset.liveState = state;
    (lamp.querySelector("span") || lamp).textContent = words;
  }
}

const swaps = {
  replace(part, html) {
    part.innerHTML = html;
  },
  prepend(part, html) {
    part.insertAdjacentHTML("afterbegin", html);
    part.firstElementChild?.classList.add("tx-fresh");
    const max = Number(part.dataset.liveMax || 0);
    while (max && part.children.length > max) part.lastElementChild.remove();
  },
  reload() {
    location.reload();
  },
  refresh(part) {
    if (part.dataset.waiting) return;
    part.dataset.waiting = "1";
    setTimeout(() => refresh(part), 250); // a burst of hints causes one fetch
  },
};

function refreshAll() {
  for (const part of document.querySelectorAll('[data-live-swap="refresh"], [data-live]:not([data-live-swap])')) {
    swaps.refresh(part);
  }
}

async function refresh(part) {
  try {
    const reply = await fetch(location.href, { headers: { "X-Fragment": part.id }, cache: "no-store" });
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    const fresh = page.getElementById(part.id);
    if (reply.status === 401) location.reload();
    if (fresh && reply.ok) part.innerHTML = fresh.innerHTML;
  } catch {
    // the stream itself reports a lost connection
  } finally {
    delete part.dataset.waiting;
  }
}
