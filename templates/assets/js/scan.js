// The field for scanning a pass code. A hand scanner types the code and Enter; if the browser can
// decode QR codes, a button opens the camera.
//
//   <form data-scan>             with the field "text"
//     data-scan-script           inside WeChat: URL of its JS-SDK
//     data-scan-sign             and the URL that signs the page for it
//     [data-scan-wechat] hidden  shown if WeChat can scan
//     [data-scan-camera] hidden  otherwise, shown if the browser can use the camera
//     [data-scan-video] hidden   the camera's picture
//     [data-scan-trouble] hidden the message if the camera cannot be opened
//
// Inside WeChat, pages cannot use the camera themselves, at least on iOS.

const lookEvery = 150; // ms

// watchScans sets up the forms of the page.
export function watchScans() {
  for (const form of document.querySelectorAll("[data-scan]")) start(form);
}

async function start(form) {
  typeAnywhere(form.elements.text);
  if (await weChatScans(form)) return;
  const button = form.querySelector("[data-scan-camera]");
  if (!button || !(await canRead())) return;
  const camera = newCamera(form);
  button.hidden = false;
  button.addEventListener("click", camera.toggle);
  window.addEventListener("pagehide", camera.close);
  document.addEventListener("visibilitychange", () => document.hidden && camera.close());
}

// typeAnywhere lets a hand scanner type even if the field has lost focus.
function typeAnywhere(field) {
  document.addEventListener("keydown", (event) => {
    const { activeElement: at } = document;
    const idle = !at || at === document.body || at.tagName === "MAIN";
    if (idle && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) field.focus();
  });
}

// weChatScans offers WeChat's own scanner; false if the page is not inside WeChat, or WeChat
// rejects its signature.
async function weChatScans(form) {
  const { scanScript, scanSign } = form.dataset;
  const button = form.querySelector("[data-scan-wechat]");
  if (!scanScript || !button || !(await ready(scanScript, scanSign))) return false;
  button.hidden = false;
  button.addEventListener("click", () => {
    window.wx.scanQRCode({ needResult: 1, scanType: ["qrCode"], success: ({ resultStr }) => present(form, resultStr) });
  });
  return true;
}

async function ready(script, sign) {
  try {
    const page = location.href.split("#")[0];
    const [config] = await Promise.all([signed(`${sign}?page=${encodeURIComponent(page)}`), loaded(script)]);
    return await new Promise((resolve) => {
      window.wx.ready(() => resolve(true));
      window.wx.error(() => resolve(false));
      window.wx.config({ ...config, debug: false, jsApiList: ["scanQRCode"] });
    });
  } catch {
    return false;
  }
}

async function signed(address) {
  const reply = await fetch(address, { headers: { Accept: "application/json" } });
  if (!reply.ok) throw new Error("not signed");
  return reply.json();
}

function loaded(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });
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

function newCamera(form) {
  const video = form.querySelector("[data-scan-video]");
  const words = form.querySelector("[data-scan-camera] span");
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
    words.textContent = "用摄像头扫";
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
