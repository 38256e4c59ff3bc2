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

// keep stores value under key; false if the browser does not let it.
export function keep(key, value) {
  try {
    localStorage.setItem(key, value);
    return true;
  } catch {
    return false;
  }
}

// keptUnder returns all values whose keys begin with prefix.
export function keptUnder(prefix) {
  try {
    const keys = Array.from({ length: localStorage.length }, (_, at) => localStorage.key(at));
    return keys.filter((key) => key.startsWith(prefix)).map((key) => localStorage.getItem(key));
  } catch {
    return [];
  }
}

// forgetKept removes what keep stored under key.
export function forgetKept(key) {
  try {
    localStorage.removeItem(key);
  } catch {
    // nothing was kept
  }
}
