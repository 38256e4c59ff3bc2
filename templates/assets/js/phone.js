// The bundle of phone pages: without htmx.
import { watchConfirms } from "./confirm.js";
import { watchForms } from "./form.js";
import { watchItemPhotos } from "./itemphotos.js";
import { watchLarge } from "./large.js";
import { watchLive } from "./live.js";
import { watchNet } from "./net.js";
import { watchPage } from "./page.js";
import { watchPhotos } from "./photos.js";
import { watchCodes } from "./qr.js";
import { watchScans } from "./scan.js";
import { watchTheme } from "./theme-choice.js";
import { watchTone } from "./tone.js";
import { watchWake } from "./wake.js";

watchTheme();
watchPage();
watchConfirms();
watchForms();
watchLarge();
watchNet();
watchPhotos();
watchItemPhotos();
watchLive();
watchCodes();
watchScans();
watchTone();
watchWake();
