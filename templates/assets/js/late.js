// What a guard writes down while there is no connection. It is kept on this phone, each passage by itself, and
// sent when there is one again: once, since its key was made here.
//
//   <form data-late>              name, house, direction, reason; shown while the page is offline
//     data-late-guard             whose passages are sent: only one's own
//     action                      where they are sent
//   [data-late-count]             how many wait, hidden if none do
//   [data-late-list]              what has become of them
//
// Nothing else is kept, and nothing once it is sent or the guard has signed out.

import { forgetKept, keep, keptUnder } from "./keep.js";
import { isAway, netOff, netOn } from "./net.js";
import { say } from "./trouble.js";

const prefix = "tongxing-late-";
const most = 50; // passages that wait
const again = 10_000; // ms between attempts
const patience = 8000; // ms for one answer

// waiting returns the passages of a guard, oldest first; without one, those of all.
function waiting(guard) {
  const found = keptUnder(prefix).flatMap(passageOf);
  return found.filter((passage) => !guard || passage.guard === guard).sort((a, b) => a.at - b.at);
}

// passageOf reads what was kept of a passage; nothing if it is unreadable.
function passageOf(text) {
  try {
    return [JSON.parse(text)];
  } catch {
    return [];
  }
}

const forget = (passage) => forgetKept(prefix + passage.key);

// watchLate sets up the form, and sends what waits.
export function watchLate() {
  for (const out of document.querySelectorAll('.p-signout[action*="/guard/"]')) out.addEventListener("submit", leave);
  const form = document.querySelector("[data-late]");
  if (!form) return;
  const guard = form.dataset.lateGuard;
  const show = () => {
    const n = waiting(guard).length;
    for (const count of document.querySelectorAll("[data-late-count]")) {
      count.hidden = n === 0;
      count.textContent = `${n} 条登记存在手机里，联网后自动发送`;
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!write(form, guard)) return;
    form.reset();
    show();
    send();
  });
  let sending = false;
  const send = async () => {
    if (sending || waiting(guard).length === 0) return show();
    sending = true;
    try {
      for (const passage of waiting(guard)) if (!(await deliver(passage))) break;
    } finally {
      sending = false;
      show();
    }
  };
  document.addEventListener("click", (event) => {
    if (document.documentElement.dataset.net !== "off" || !event.target.closest("a[href]")) return;
    event.preventDefault(); // the browser's own page would take the place of this one
    say("现在离线，打不开别的页面。");
  });
  window.addEventListener("online", send);
  window.addEventListener("storage", show); // another page has sent some
  setInterval(send, again);
  show();
  send();
}

// write keeps what was typed; false if it cannot.
function write(form, guard) {
  const { name, house, direction, reason } = Object.fromEntries([...new FormData(form)].map(([field, text]) => [field, text.trim()]));
  if (!name && !house) {
    say("请填写姓名或房号。");
    form.elements.name.focus();
    return false;
  }
  if (!reason) {
    say("请填写原因。");
    form.elements.reason.focus();
    return false;
  }
  if (waiting(guard).length >= most) {
    say(`手机里已存了 ${most} 条，请先记在纸上。`);
    return false;
  }
  const key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const passage = { key, guard, to: form.getAttribute("action"), at: Date.now(), name, house, direction, reason };
  if (keep(prefix + key, JSON.stringify(passage))) return true;
  say("这台手机不能保存，请先记在纸上。");
  return false;
}

// deliver sends one passage; false if the next one need not be tried now.
async function deliver({ guard, to, at, ...typed }) {
  const token = document.querySelector('meta[name="csrf-token"]')?.content || "";
  const body = new URLSearchParams({ ...typed, ago: String(Math.max(0, Math.round((Date.now() - at) / 1000))) });
  let reply;
  let answer = {};
  try {
    reply = await fetch(to, {
      method: "POST",
      body,
      headers: { Accept: "application/json", "X-CSRF-Token": token },
      redirect: "manual",
      signal: AbortSignal.timeout(patience),
    });
    if (reply.ok) answer = await reply.json();
  } catch {
    netOff();
    return false;
  }
  if (reply.ok) {
    forget(typed);
    netOn();
    tell(answer.said, answer.good ? "good" : "warn");
    return true;
  }
  if (isAway(reply)) netOff();
  if (reply.status === 500) tell("暂时没有发送成功，会自动再发。登记还在手机里。", "warn");
  if (reply.status === 0 || reply.status === 401 || reply.status === 403) tell("登录已失效，请重新登录，登记还在手机里。", "warn");
  if (reply.status === 404 || reply.status === 422) {
    tell(`${typed.house} ${typed.name}：没有发送成功，请告诉物业。登记还在手机里。`, "bad");
    return true; // the others may be sent
  }
  return false;
}

// tell adds a line to what has become of the passages; the same line is not repeated.
function tell(words, tone) {
  const list = document.querySelector("[data-late-list]");
  if ([...list.children].some((line) => line.textContent === words)) return;
  const line = document.createElement("li");
  line.className = `tx-flash tx-${tone}`;
  line.textContent = words;
  list.append(line);
  while (list.children.length > 8) list.firstElementChild.remove();
}

// leave asks before a guard signs out while something waits, and forgets it: whoever wrote it, this phone is left.
function leave(event) {
  const own = waiting();
  if (own.length > 0 && !window.confirm(`还有 ${own.length} 条登记没有发送，退出后会删除。仍要退出吗？`)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  for (const passage of own) forget(passage);
}
