// Shows a message when htmx fails to load something. It also passes the CSRF token to htmx.

// watchTrouble handles htmx's errors.
export function watchTrouble() {
  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.querySelector('meta[name="csrf-token"]');
    if (token) event.detail.headers["X-CSRF-Token"] = token.content;
  });
  document.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    if (status === 401) {
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
