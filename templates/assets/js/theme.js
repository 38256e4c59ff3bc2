// Runs before the first paint, so that a dark page never flashes light. The
// choice is kept on this device; without one the system's setting holds.
import { applyTheme } from "./theme-choice.js";

document.documentElement.classList.add("js");
applyTheme();
