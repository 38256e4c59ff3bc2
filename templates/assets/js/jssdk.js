// WeChat's JS-SDK, which a page may use once it is signed.

const landing = location.href; // before notAgain of form.js replaces it

// mayUse loads the SDK and reports whether the page may use its calls: not outside WeChat, nor if it rejects the page's signature.
export async function mayUse(script, sign, calls) {
  try {
    // WeChat on iOS checks the URL that the page was loaded from, elsewhere the current one.
    const page = (/iPhone|iPad/.test(navigator.userAgent) ? landing : location.href).split("#")[0];
    const [config] = await Promise.all([signed(`${sign}?page=${encodeURIComponent(page)}`), loaded(script)]);
    return await new Promise((resolve) => {
      window.wx.ready(() => resolve(true));
      window.wx.error(() => resolve(false));
      window.wx.config({ ...config, debug: false, jsApiList: calls });
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
