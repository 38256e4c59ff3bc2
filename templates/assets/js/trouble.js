// Shows a message when htmx fails to load something. It also passes the CSRF token to htmx.

import { unsaved } from "./form.js";

const signedOut = "登录已失效。填写的内容还在：提交时会请你登录，然后回到这里。";

// watchTrouble handles htmx's errors. What leads a form to the sign-in when its session has ended is its own button, which
// keeps what was typed; a part of the page that it loads meanwhile must not.
export function watchTrouble() {
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (!event.detail.xhr.getResponseHeader("HX-Redirect")?.startsWith("/console/session") || !unsaved()) return;
    event.preventDefault();
    say(signedOut);
  });
  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.querySelector('meta[name="csrf-token"]');
    if (token) event.detail.headers["X-CSRF-Token"] = token.content;
  });
  document.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    if (status === 401) {
      if (unsaved()) return say(signedOut);
      location.reload(); // signed out meanwhile: the page leads to sign-in and back
      return;
    }
    say(status === 429 ? "操作太频繁，请稍后再试。" : status === 403 ? "没有权限。" : "加载失败，请稍后重试。");
  });
  document.addEventListener("htmx:sendError", () => say("没有连上网络，请检查后重试。"));
  document.addEventListener("htmx:beforeRequest", () => document.querySelector(".tx-toast")?.remove());
}

// say shows a message until the next one, or for 8 s.
export function say(text) {
  document.querySelector(".tx-toast")?.remove();
  const toast = document.createElement("div");
  toast.className = "tx-flash tx-bad tx-toast";
  toast.setAttribute("role", "alert");
  toast.textContent = text;
  document.body.append(toast);
  setTimeout(() => toast.remove(), 8000);
}
