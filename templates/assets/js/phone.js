// The bundle of phone pages: without htmx.
import { watchConfirms } from "./confirm.js";
import { watchForms } from "./form.js";
import { watchLive } from "./live.js";
import { watchPage } from "./page.js";
import { watchCodes } from "./qr.js";
import { watchScans } from "./scan.js";
import { watchTheme } from "./theme-choice.js";
import { watchWake } from "./wake.js";

watchTheme();
watchPage();
watchConfirms();
watchForms();
watchLive();
watchCodes();
watchScans();
watchWake();
