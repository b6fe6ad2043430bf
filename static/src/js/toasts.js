// Messages: from the server by HX-Trigger {"toast": {…}}, from modules by toast({kind, text, undo_url, undo_label, url, label}).
import { csrf, el, icon } from "./dom.js";

const GLYPHS = { success: "circle-check", info: "info", warning: "triangle-alert", danger: "circle-alert" };

function undoForm(url, label) {
  return el(
    "form",
    { method: "post", action: url },
    el("input", { type: "hidden", name: "csrf_token", value: csrf() }),
    el("button", { type: "submit", class: "tr-toast-undo" }, label || "Undo"),
  );
}

export function toast({ kind = "info", text, undo_url: undoUrl, undo_label: undoLabel, url, label }) {
  const region = document.getElementById("toasts");
  if (!region || !text) return;
  const close = el("button", { type: "button", class: "tr-toast-close", "data-toast-close": true, "aria-label": "Close" }, icon("x"));
  region.append(
    el(
      "div",
      { class: `tr-toast tr-toast-${kind in GLYPHS ? kind : "info"}`, "data-module": "toast" },
      icon(GLYPHS[kind] ?? "info", 18),
      el("p", {}, text),
      undoUrl ? undoForm(undoUrl, undoLabel) : null,
      url ? el("a", { href: url, class: "tr-toast-undo" }, label || "Open") : null,
      close,
    ),
  );
  // In the top layer, so that a message is seen above an open dialog.
  if (region.showPopover) {
    if (region.matches(":popover-open")) region.hidePopover();
    region.showPopover();
  }
}

document.addEventListener("toast", (event) => {
  const list = Array.isArray(event.detail?.value) ? event.detail.value : [event.detail];
  for (const message of list) toast(message);
});
