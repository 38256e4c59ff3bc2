// A pass code that counts down and refreshes itself: see the partial "qr". Nothing is fetched while
// the page is hidden; on return an expired code is replaced at once. A part [data-now] around it, with
// what must agree with the code, is replaced together with it; its data-code is none, live or over.

import { netOff, netOn } from "./net.js";

const retryAfter = 4000; // ms

// watchCodes starts every code on the page.
export function watchCodes() {
  for (const code of document.querySelectorAll("[data-qr]")) start(code);
}

function start(code) {
  const until = Date.now() + Number(code.dataset.left) * 1000;
  const form = code.querySelector("[data-qr-refresh]");
  const drawn = code.querySelector("img") !== null; // otherwise the page was only opened: fetch a code once it is visible
  let asking = false;

  const renew = async () => {
    if (asking || !code.isConnected) return;
    asking = true;
    try {
      replace(code, await fetchCode(form));
      return;
    } catch (err) {
      if (err instanceof TypeError) netOff(); // nobody answered
      else code.querySelector("[data-qr-trouble]").hidden = false;
      await new Promise((resolve) => setTimeout(resolve, retryAfter));
    }
    asking = false;
  };

  const tick = () => {
    if (!code.isConnected) {
      clearInterval(timer);
      window.removeEventListener("online", tick);
      return;
    }
    const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    if (drawn) show(code, left);
    if (left === 0 && !document.hidden) renew();
  };
  window.addEventListener("online", tick);
  const timer = setInterval(tick, 500);
  document.addEventListener("visibilitychange", tick);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    renew();
  });
  tick();
}

function show(code, left) {
  const words = code.querySelector("[data-qr-left]");
  const text = left > 60 ? `剩余 ${Math.floor(left / 60)} 分 ${String(left % 60).padStart(2, "0")} 秒` : `剩余 ${left} 秒`;
  if (words.textContent !== text) words.textContent = text;
  code.querySelector("progress").value = left;
  code.classList.toggle("p-qr-soon", left <= 30 && left > 0);
  code.classList.toggle("p-qr-over", left === 0);
  const now = code.closest("[data-now]");
  if (now) now.dataset.code = left > 0 ? "live" : "over";
  code.querySelector(".p-qr-stale").hidden = left > 0;
}

// fetchCode posts the form and extracts the new code from the reply, which may be the part alone
// or, after a redirect, the whole page.
async function fetchCode(form) {
  const reply = await fetch(form.getAttribute("action"), {
    method: "POST",
    body: new URLSearchParams(new FormData(form)),
    headers: { "X-Fragment": "qr" },
    cache: "no-store",
  });
  netOn();
  if (reply.status === 401) location.reload();
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const fresh = page.querySelector("[data-qr]");
  if (fresh && reply.ok) return fresh;
  if (reply.status >= 400 && reply.status < 500) location.reload(); // the page explains why
  throw new Error("no code in the reply");
}

function replace(code, fresh) {
  const old = code.closest("[data-now]") || code;
  const part = document.importNode((old !== code && fresh.closest("[data-now]")) || fresh, true);
  const made = part.matches("[data-qr]") ? part : part.querySelector("[data-qr]");
  const drawn = made.querySelector("img");
  const swap = () => {
    if (!old.isConnected) return;
    (part === made ? code : old).replaceWith(part);
    start(made);
  };
  // The old code stays until the new picture has loaded.
  const image = new Image();
  image.onload = image.onerror = swap;
  image.src = drawn.getAttribute("src");
}
