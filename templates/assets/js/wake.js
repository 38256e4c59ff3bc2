// A page with a pass code keeps the screen lit, where the browser can: a phone
// that dims shows readers nothing. How bright it is, no web page can set.

// watchWake holds the screen while a code is shown.
export function watchWake() {
  if (!document.querySelector("[data-qr]") || !navigator.wakeLock) return;
  const hold = () => {
    if (!document.hidden) navigator.wakeLock.request("screen").catch(() => {}); // a low battery refuses: no harm
  };
  document.addEventListener("visibilitychange", hold); // the lock ends when the page is hidden
  hold();
}
