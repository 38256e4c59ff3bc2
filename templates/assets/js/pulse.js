// The bell, the numbers of the menu, the one in the window's title and the cards of the home page stay
// current while a page is open and seen. The page asks once a minute, and when it is looked at again;
// asking does not count as use of the session.

const every = 60_000; // ms

// watchPulse keeps the frame of the page current.
export function watchPulse() {
  const bell = document.querySelector("[data-pulse]");
  if (!bell) return;
  const address = bell.dataset.pulse;
  let last = Date.now();
  const look = async () => {
    if (document.hidden || Date.now() - last < every) return;
    last = Date.now();
    try {
      const also = document.querySelector("[data-pulse-also]")?.dataset.pulseAlso ?? "";
      const reply = await fetch(address + also, { headers: { "HX-Request": "true" }, redirect: "error", cache: "no-store" });
      if (reply.ok) show(new DOMParser().parseFromString(await reply.text(), "text/html"));
    } catch {
      // the next time
    }
  };
  setInterval(look, every / 4);
  document.addEventListener("visibilitychange", look);
}

function show(fresh) {
  const part = fresh.querySelector("[data-pulse-waiting]");
  if (!part) return;
  const waiting = Number(part.dataset.pulseWaiting);
  document.title = (waiting ? `(${waiting}) ` : "") + document.title.replace(/^\(\d+\) /, "");
  const bell = document.querySelector("[data-pulse]");
  if (!bell.open && !bell.contains(document.activeElement)) bell.replaceWith(part.querySelector("[data-pulse]"));
  for (const line of part.querySelectorAll("nav a[href]")) {
    const address = CSS.escape(line.getAttribute("href"));
    for (const shown of document.querySelectorAll(`.tx-nav a[href="${address}"]`)) count(shown, line);
  }
  for (const group of part.querySelectorAll("[data-nav-group] > summary")) {
    const name = CSS.escape(group.parentElement.dataset.navGroup);
    const shown = document.querySelector(`.tx-nav [data-nav-group="${name}"] > summary`);
    if (shown) count(shown, group);
  }
  showCards(fresh);
}

// showCards renews the figures of the home page; not the one that has the focus.
function showCards(fresh) {
  for (const card of fresh.querySelectorAll("[data-pulse-card]")) {
    const shown = document.querySelector(`main [data-pulse-card="${CSS.escape(card.dataset.pulseCard)}"]`);
    if (shown && !shown.contains(document.activeElement)) shown.replaceWith(card);
  }
}

// count copies the number of one line, or that it has none, to another.
function count(shown, fresh) {
  shown.querySelector(".tx-count")?.remove();
  const number = fresh.querySelector(".tx-count");
  if (number) shown.querySelector("span").after(number.cloneNode(true));
}
