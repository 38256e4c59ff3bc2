// Whether the phone has a connection: <html data-net="off"> if it has none. Pages whose content would
// be wrong without one show something else then.

import { say } from "./trouble.js";

const grace = 2500; // ms a stream may be away: servers restart
const patience = 4000; // ms for an answer
const again = 5000; // ms between questions while nothing answers

let lost = 0;

// netOn and netOff are called by whatever talks to the server.
export function netOn() {
  clearTimeout(lost);
  lost = 0;
  delete document.documentElement.dataset.net;
}

export function netOff() {
  clearTimeout(lost);
  lost = setTimeout(ask, again);
  document.documentElement.dataset.net = "off";
}

// netDoubted waits before it asks whether the connection is gone.
export function netDoubted() {
  if (!lost) lost = setTimeout(ask, grace);
}

// isAway reports whether an answer says that there is no server: a proxy answers in its place.
export const isAway = (reply) => reply.status >= 502 && reply.status <= 504;

// ask finds out whether the server answers: a stream alone may be cut off by what is between.
async function ask() {
  lost = 0;
  try {
    const reply = await fetch(location.href, { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(patience) });
    if (isAway(reply)) netOff();
    else netOn();
  } catch {
    netOff();
  }
}

// watchNet follows what the browser says. Without a connection no form is sent: the browser's own page
// would take the place of what has been filled in.
export function watchNet() {
  if (navigator.onLine === false) netOff();
  window.addEventListener("offline", netOff);
  window.addEventListener("online", netOn);
  document.addEventListener(
    "submit",
    (event) => {
      if (navigator.onLine !== false || "qrRefresh" in event.target.dataset || "late" in event.target.dataset) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      say("网络未连接，还没有提交。请连上后再按一次。");
    },
    true,
  );
}
