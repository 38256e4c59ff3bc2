// The scanner of a guard's page. A hand scanner types the code and Enter; the large button opens
// WeChat's scanner, the camera, or the field for typing.
//
//   <form data-scan>             with the field "text"
//     data-scan-script           inside WeChat: URL of its JS-SDK
//     data-scan-sign             and the URL that signs the page for it
//     [data-scan-open]           the large button
//     [data-scan-manual]         <details> around the field; open on desks, where it has the focus
//     [data-scan-on]             the switch 连续扫码: after a decision the scanner opens again
//     [data-scan-video] hidden   the camera's picture
//     [data-scan-trouble] hidden the message if the camera cannot be opened
//   [data-scan-next]             on the page of a decision: the link to the scanner
//
// The URL's "scan" opens the scanner at once. It is no fragment: the page of a decision has the URL of the
// scanner's page, from which a fragment would lead nowhere.
//
// Inside WeChat, pages cannot use the camera themselves, at least on iOS.

import { mayUse } from "./jssdk.js";
import { keep, kept } from "./keep.js";

const lookEvery = 150; // ms
const readingTime = { good: 1500, bad: 4000 }; // ms that a decision is shown before the scanner opens
const key = "tongxing-scan-on";

// watchScans sets up the forms of the page, and the way from a decision to the next scan.
export function watchScans() {
  for (const form of document.querySelectorAll("[data-scan]")) start(form);
  const next = document.querySelector("[data-scan-next]");
  if (next && goesOn()) {
    const tone = document.querySelector("[data-tone]")?.dataset.tone;
    setTimeout(() => next.isConnected && next.click(), tone === "good" ? readingTime.good : readingTime.bad);
  }
  document.addEventListener("click", ({ target }) => {
    const chip = target.closest("[data-fill]");
    if (!chip) return;
    document.getElementById(chip.dataset.fill).value = chip.value;
    for (const other of chip.parentElement.children) other.setAttribute("aria-pressed", String(other === chip));
  });
}

// goesOn reports whether the scanner opens again after a decision; the choice is kept on the device.
const goesOn = () => kept(key) !== "0";

async function start(form) {
  const manual = form.querySelector("[data-scan-manual]");
  const { text } = form.elements;
  const type = () => {
    manual.open = true;
    text.focus();
  };
  typeAnywhere(type);
  const at = window.matchMedia("(min-width: 48rem)").matches; // a desk
  if (at) type();
  const on = form.querySelector("[data-scan-on]");
  on.checked = goesOn();
  on.addEventListener("change", () => keep(key, on.checked ? "1" : "0"));
  const button = form.querySelector("[data-scan-open]");
  const open = await opener(form, button, type);
  button.dataset.scanOpen = "ready";
  button.addEventListener("click", open);
  const address = new URL(location.href);
  if (!address.searchParams.has("scan")) return;
  address.searchParams.delete("scan");
  history.replaceState(null, "", address); // a reload does not open it
  if (on.checked && (!at || open !== type)) open();
}

// opener returns what the large button does on this device.
async function opener(form, button, type) {
  if (await weChatScans(form)) return () => askWeChat(form);
  if (!(await canRead())) return type;
  const camera = newCamera(form, button);
  window.addEventListener("pagehide", camera.close);
  document.addEventListener("visibilitychange", () => document.hidden && camera.close());
  return camera.toggle;
}

// typeAnywhere lets a hand scanner type even if the field has lost focus, or is folded.
function typeAnywhere(type) {
  document.addEventListener("keydown", (event) => {
    const { activeElement: at } = document;
    const idle = !at || at === document.body || at.tagName === "MAIN";
    if (idle && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) type();
  });
}

// weChatScans reports whether WeChat's own scanner can be used: not outside WeChat, nor if it rejects
// the page's signature.
async function weChatScans(form) {
  const { scanScript, scanSign } = form.dataset;
  return Boolean(scanScript) && mayUse(scanScript, scanSign, ["scanQRCode"]);
}

function askWeChat(form) {
  window.wx.scanQRCode({ needResult: 1, scanType: ["qrCode"], success: ({ resultStr }) => present(form, resultStr) });
}

function present(form, text) {
  form.elements.text.value = text;
  if (form.requestSubmit) form.requestSubmit();
  else form.submit();
}

async function canRead() {
  if (!("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia) return false;
  try {
    return (await window.BarcodeDetector.getSupportedFormats()).includes("qr_code");
  } catch {
    return false;
  }
}

function newCamera(form, button) {
  const video = form.querySelector("[data-scan-video]");
  const words = button.querySelector("span");
  const trouble = form.querySelector("[data-scan-trouble]");
  const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
  let wanted = false; // the user pressed the button
  let stream = null;
  let timer = 0;

  const close = () => {
    wanted = false;
    clearTimeout(timer);
    for (const track of stream?.getTracks() || []) track.stop();
    stream = null;
    video.srcObject = null;
    video.hidden = true;
    words.textContent = "扫一扫";
  };

  const look = async () => {
    const codes = await detector.detect(video).catch(() => []);
    if (!wanted) return;
    const text = codes.map((code) => code.rawValue).find(Boolean);
    if (!text) {
      timer = setTimeout(look, lookEvery);
      return;
    }
    close();
    navigator.vibrate?.(60);
    present(form, text);
  };

  const open = async () => {
    wanted = true;
    trouble.hidden = true;
    words.textContent = "停止扫码";
    try {
      const opened = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: "environment" } });
      stream = opened;
      if (!wanted) return close(); // pressed again while the permission prompt was open
      video.srcObject = opened;
      video.hidden = false;
      await video.play();
      look();
    } catch {
      if (wanted) trouble.hidden = false;
      close();
    }
  };

  return { close, toggle: () => (wanted ? close() : open()) };
}
