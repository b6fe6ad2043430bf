// What is swapped into #dialog opens it; the event closeDialog, Escape, the cross and the backdrop close it.
import { ask } from "./confirm.js";

const FIRST = "[data-error-summary], [autofocus], input:not([type=hidden]):not(:disabled), select:not(:disabled), textarea:not(:disabled)";

function box() {
  return document.getElementById("dialog");
}

function settle(dialog) {
  const first = dialog.querySelector("[data-error-summary]") ?? dialog.querySelector("[autofocus]") ?? dialog.querySelector(FIRST);
  if (first) return first.focus();
  const title = dialog.querySelector("#dialog-title");
  title?.setAttribute("tabindex", "-1");
  return title?.focus();
}

async function dismiss(dialog) {
  const dirty = [...dialog.querySelectorAll("form[data-dirty-guard]")].some((form) => form.dataset.dirty !== undefined);
  if (dirty && !(await ask("Discard what you typed?", { label: "Discard", kind: "danger", cancel: "Keep editing" }))) return;
  dialog.close();
}

document.addEventListener("htmx:afterSwap", (event) => {
  const dialog = box();
  if (!dialog || event.detail.target !== dialog) return;
  if (!dialog.childElementCount) return dialog.close();
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  settle(dialog);
});

document.addEventListener("closeDialog", () => box()?.open && box().close());

document.addEventListener("click", (event) => {
  const dialog = box();
  if (!dialog?.open) return;
  const asked = event.target.closest("[data-dialog-close]");
  if (event.target === dialog || (asked && dialog.contains(asked))) {
    event.preventDefault();
    dismiss(dialog);
  }
});

addEventListener("DOMContentLoaded", () => {
  const dialog = box();
  dialog?.addEventListener("cancel", (event) => {
    if (event.target !== dialog) return;
    event.preventDefault();
    dismiss(dialog);
  });
  dialog?.addEventListener("close", (event) => event.target === dialog && dialog.replaceChildren());
});
