// Runs before the first paint, so that a dark page never flashes white. The choice is stored on
// this device; without one the system's setting applies.
import { applyLarge } from "./large.js";
import { applyTheme } from "./theme-choice.js";

document.documentElement.classList.add("js");
applyTheme();
applyLarge();
