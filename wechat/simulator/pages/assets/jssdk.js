// The simulator's JS-SDK: wx.config, wx.ready, wx.error, wx.scanQRCode and wx.updateAppMessageShareData, as
// far as the product uses them. Its camera is a picture or a text that one chooses; the card of a page that
// would be forwarded is in the page's data-wx-card.

(() => {
  const home = document.currentScript.src.replace(/\/open\/js\/.*$/, "");
  const ready = [];
  const failed = [];
  let allowed = []; // calls of the last wx.config that was taken
  let state = null; // null = not configured; {errMsg}

  const settle = (answer) => {
    state = answer;
    for (const call of (answer.errMsg === "config:ok" ? ready : failed).splice(0)) call(answer);
  };

  const config = async ({ appId, timestamp, nonceStr, signature, jsApiList }) => {
    const query = new URLSearchParams({ appId, timestamp, nonceStr, signature, url: location.href.split("#")[0] });
    try {
      const answer = await (await fetch(`${home}/config?${query}`)).json();
      allowed = answer.errMsg === "config:ok" ? jsApiList || [] : [];
      settle(answer);
    } catch {
      settle({ errMsg: "config:fail" });
    }
  };

  const make = (tag, words, more = {}) => Object.assign(document.createElement(tag), { textContent: words }, more);

  // camera asks what the phone is held to.
  const camera = (done) => {
    const box = make("dialog", "");
    Object.assign(box.style, { border: "0", borderRadius: "12px", padding: "20px", width: "min(22rem, 90vw)", font: "16px/1.5 sans-serif" });
    const trouble = make("p", "", { role: "alert" });
    trouble.style.color = "#c0392b";
    const text = make("input", "", { placeholder: "二维码的内容", maxLength: 500 });
    text.setAttribute("aria-label", "二维码的内容");
    const picture = make("input", "", { type: "file", accept: "image/*" });
    picture.setAttribute("aria-label", "二维码图片");
    const ok = make("button", "扫这个", { type: "button" });
    const cancel = make("button", "取消", { type: "button" });
    for (const field of [text, picture, ok, cancel]) Object.assign(field.style, { font: "inherit", margin: "6px 8px 6px 0", padding: "8px", maxWidth: "100%", minHeight: "44px" });
    text.style.width = "100%";
    text.style.boxSizing = "border-box";
    box.append(make("b", "扫一扫（微信模拟器）"), make("p", "把手机对准哪个二维码？输入它的内容，或选一张图片。"), text, picture, trouble, ok, cancel);
    const end = (answer) => {
      box.remove();
      done(answer);
    };
    ok.onclick = async () => {
      if (text.value.trim()) return end({ errMsg: "scanQRCode:ok", resultStr: text.value.trim() });
      if (!picture.files.length) return text.focus();
      const reply = await fetch(`${home}/camera`, { method: "POST", body: picture.files[0] });
      const words = await reply.text();
      if (reply.ok) return end({ errMsg: "scanQRCode:ok", resultStr: words });
      trouble.textContent = words;
    };
    cancel.onclick = () => end({ errMsg: "scanQRCode:cancel" });
    box.oncancel = cancel.onclick;
    document.body.append(box);
    box.showModal();
  };

  // finisher hands a call's answer to whichever of its callbacks it is for.
  const finisher = (o) => (answer) => {
    const [, how] = answer.errMsg.split(":");
    ({ ok: o.success, cancel: o.cancel })[how]?.(answer);
    if (how !== "ok" && how !== "cancel") o.fail?.(answer);
    o.complete?.(answer);
  };
  const refused = (call) => !allowed.includes(call) && { errMsg: `${call}:the permission value is offline verifying` };

  const scanQRCode = (o = {}) => {
    const finish = finisher(o);
    const answer = refused("scanQRCode");
    if (answer) return finish(answer);
    camera(finish);
  };

  const updateAppMessageShareData = (o = {}) => {
    const answer = refused("updateAppMessageShareData");
    if (!answer) document.documentElement.dataset.wxCard = JSON.stringify({ title: o.title, desc: o.desc, link: o.link, imgUrl: o.imgUrl });
    finisher(o)(answer || { errMsg: "updateAppMessageShareData:ok" });
  };

  window.wx = {
    config,
    ready: (call) => (state?.errMsg === "config:ok" ? call(state) : ready.push(call)),
    error: (call) => (state && state.errMsg !== "config:ok" ? call(state) : failed.push(call)),
    scanQRCode,
    updateAppMessageShareData,
  };
})();
