// What becomes of answers that are not a plain success: 422 is swapped, the rest is said in a toast.
import { toast } from "./toasts.js";

const SENTENCES = {
  400: "That request could not be understood. Reload the page and try again.",
  401: "You are signed out. Sign in again, then repeat this.",
  403: "You may not do that.",
  404: "That is no longer there.",
  405: "That cannot be done here.",
  409: "Somebody changed this meanwhile. Reload to see how it stands.",
  413: "That file is too large.",
  429: "Too many requests. Wait a moment and try again.",
  503: "Truckroll is busy for a moment. Try again shortly.",
};

function namesToast(xhr) {
  return ["HX-Trigger", "HX-Trigger-After-Swap", "HX-Trigger-After-Settle"].some((name) => /\btoast\b/.test(xhr.getResponseHeader(name) ?? ""));
}

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 422) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

document.addEventListener("htmx:responseError", ({ detail: { xhr } }) => {
  if (namesToast(xhr)) return;
  const link = xhr.status === 401 ? { url: "/sign-in", label: "Sign in" } : {};
  const text = SENTENCES[xhr.status] ?? "Something went wrong on our side. Nothing was changed.";
  toast({ kind: "danger", text, ...link });
});

const quiet = { at: 0 };
function offline() {
  // Regions that poll would say it every second.
  if (Date.now() - quiet.at < 10000) return;
  quiet.at = Date.now();
  toast({ kind: "warning", text: "No connection. Nothing was lost." });
}
document.addEventListener("htmx:sendError", offline);
document.addEventListener("htmx:timeout", offline);

// A thin line at the top while something loads that has no busy button of its own.
let bar;
let open = 0;
function loading(change) {
  open = Math.max(0, open + change);
  if (!bar) {
    bar = document.createElement("div");
    bar.className = "tr-loading";
    document.body.append(bar);
  }
  bar.toggleAttribute("data-on", open > 0);
}
const polls = (elt) => (elt.getAttribute?.("hx-trigger") ?? "").includes("every ");
document.addEventListener("htmx:beforeRequest", ({ detail }) => polls(detail.elt) || loading(1));
document.addEventListener("htmx:afterRequest", ({ detail }) => polls(detail.elt) || loading(-1));
