// Keeps the screen on while a page shows a pass code, if the browser can: readers cannot scan a
// dimmed phone. No web page can set the brightness.

// watchWake keeps the screen on while a code is shown.
export function watchWake() {
  if (!document.querySelector("[data-qr]") || !navigator.wakeLock) return;
  const hold = () => {
    if (!document.hidden) navigator.wakeLock.request("screen").catch(() => {}); // a low battery refuses: harmless
  };
  document.addEventListener("visibilitychange", hold); // the browser releases the lock when the page is hidden
  hold();
}
