// The console's bundle.
import htmx from "htmx.org";
import { watchCharts } from "./chart-loader.js";
import { watchConfirms } from "./confirm.js";
import { watchDetail } from "./detail.js";
import { watchForms } from "./form.js";
import { watchList } from "./list.js";
import { watchLive } from "./live.js";
import { watchMenu } from "./menu.js";
import { watchPage } from "./page.js";
import { watchPulse } from "./pulse.js";
import { watchRowMenus } from "./rowmenu.js";
import { watchPlan } from "./plan.js";
import { watchSearch } from "./search.js";
import { watchTheme } from "./theme-choice.js";
import { watchTrouble } from "./trouble.js";
import { watchUploads } from "./upload.js";

htmx.config.responseHandling = [
  { code: "204", swap: false },
  { code: "[23]..", swap: true },
  { code: "422", swap: true }, // a form shown again with its messages
  { code: "[45]..", swap: false, error: true },
];

watchTheme();
watchPage();
watchMenu();
watchRowMenus();
watchSearch();
watchConfirms();
watchUploads(); // before forms: a blocked upload must not count as submitted
watchForms();
watchList();
watchDetail();
watchCharts();
watchPlan();
watchLive();
watchPulse();
watchTrouble();
