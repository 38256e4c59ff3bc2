// What a page remembers on this device. A browser may forbid it, or have no room: then nothing is
// remembered, and every page begins as if for the first time.

// kept returns what keep stored under key; null if nothing.
export function kept(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

// keep stores value under key, if the browser lets it.
export function keep(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // not remembered
  }
}
