// The host sends the link: the friend's phone opens it, as any browser would.

const sent = document.querySelector("[data-sent]");

document.querySelector("[data-send]").addEventListener("click", () => {
  const link = document.getElementById("host").contentDocument?.getElementById("visit-link");
  if (!link) {
    sent.textContent = "还没有链接：请先邀请访客。";
    return;
  }
  sent.textContent = "已发送。";
  document.getElementById("phone").src = new URL(link.value).pathname; // on this page's host, where the door's camera sees it
});

// Once a door has opened, both phones show what has changed.
for (const door of document.querySelectorAll("[data-door]")) {
  new MutationObserver(() => {
    if (door.dataset.state !== "open") return;
    for (const phone of document.querySelectorAll("iframe")) phone.contentWindow.location.reload();
  }).observe(door, { attributeFilter: ["data-state"] });
}
