// The doors of the demonstration: the reader's camera sees the phone's screen.

let last = null; // the last picture seen, to be shown again

for (const door of document.querySelectorAll("[data-door]")) {
  const again = door.querySelector("[data-again]");
  door.querySelector("[data-hold]").addEventListener("click", async () => {
    const picture = await screen();
    if (!picture) {
      say(door, "shut", "读头没有看到二维码：请先在手机上打开通行证");
      return;
    }
    last = picture;
    for (const button of document.querySelectorAll("[data-again]")) button.disabled = false;
    await hold(door, picture);
  });
  again.addEventListener("click", () => last && hold(door, last));
}

// screen captures the code that the phone shows, in whichever frame its page is.
async function screen() {
  const image = find(document.getElementById("phone"));
  if (!image) return null;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 600;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, 600, 600);
  pen.drawImage(image, 30, 30, 540, 540);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

function find(frame) {
  const page = frame.contentDocument;
  if (!page) return null;
  const image = page.querySelector("[data-qr] img");
  if (image) return image;
  for (const inner of page.querySelectorAll("iframe")) {
    const found = find(inner);
    if (found) return found;
  }
  return null;
}

async function hold(door, picture) {
  say(door, "asking", "正在询问…");
  try {
    const reply = await fetch("/demo/door/" + door.dataset.door, { method: "POST", body: picture, headers: { "Content-Type": "image/png", Accept: "application/json" } });
    const result = await reply.json();
    if (!reply.ok) {
      say(door, "shut", result.message);
      return;
    }
    say(door, result.opened ? "open" : "shut", (result.opened ? "门开了。" : "门没有开。") + result.words);
    door.querySelector("[data-wire]").textContent = `→ ${result.request}\n\n← ${result.response}\n\n${result.took}`;
    if (result.opened) setTimeout(() => door.dataset.state === "open" && say(door, "", "等待扫码"), 6000);
  } catch {
    say(door, "shut", "没有连上系统，门保持关闭。");
  }
}

function say(door, state, words) {
  door.dataset.state = state;
  door.querySelector(".says").textContent = words;
}
