import htmx from "htmx.org/dist/htmx.esm.js";
import "./confirm.js";
import "./dialog.js";
import { start as startModules } from "./mount.js";
import "./palette.js";
import "./responses.js";
import "./shortcuts.js";
import { start as startStream } from "./stream.js";
import "./submit.js";
import "./toasts.js";

Object.assign(htmx.config, {
  allowEval: false,
  attributesToSettle: ["class", "width", "height"], // not style: the content policy refuses one that is written as text
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  // Pages hold customers' data: no snapshots of them in the browser's storage. Going back loads the page again.
  historyCacheSize: 0,
  refreshOnHistoryMiss: true,
  scrollIntoViewOnBoost: false,
  defaultSettleDelay: 0,
  timeout: 30000,
  inlineScriptNonce: document.querySelector('meta[name="csp-nonce"]')?.content ?? "",
});
window.htmx = htmx;
startModules();
startStream();
// A long menu opens where one is.
document.querySelector(".tr-nav [aria-current]")?.scrollIntoView({ block: "nearest" });
