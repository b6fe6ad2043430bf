// data-confirm="Question?" on a form, button or link asks in our own dialog; hx-confirm does too.
import { el, modal } from "./dom.js";

/** Resolves true when the person agrees. */
export function ask(question, { label = "Continue", kind = "primary", cancel = "Keep it" } = {}) {
  return new Promise((resolve) => {
    const no = el("button", { type: "button", class: "tr-btn tr-btn-secondary" }, cancel);
    const yes = el("button", { type: "button", class: `tr-btn tr-btn-${kind}` }, label);
    const dialog = modal(
      "tr-confirm",
      question,
      el("div", { class: "tr-dialog-body" }, el("h2", {}, question), el("div", { class: "tr-dialog-foot" }, no, yes)),
    );
    dialog.setAttribute("role", "alertdialog");
    let agreed = false;
    no.addEventListener("click", () => dialog.close());
    yes.addEventListener("click", () => {
      agreed = true;
      dialog.close();
    });
    dialog.addEventListener("close", () => resolve(agreed));
    (kind === "danger" ? no : yes).focus();
  });
}

const allowed = new WeakSet();

function options(element) {
  const { confirmLabel, confirmKind } = element.dataset;
  return { label: confirmLabel, kind: confirmKind };
}

document.addEventListener(
  "submit",
  async (event) => {
    const form = event.target;
    if (!form.dataset.confirm || allowed.delete(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (await ask(form.dataset.confirm, options(form))) {
      allowed.add(form);
      form.requestSubmit(event.submitter);
    }
  },
  { capture: true },
);

document.addEventListener(
  "click",
  async (event) => {
    const element = event.target.closest?.("a[data-confirm], button[data-confirm]");
    if (!element || allowed.delete(element)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (await ask(element.dataset.confirm, options(element))) {
      allowed.add(element);
      element.click();
    }
  },
  { capture: true },
);

document.addEventListener("htmx:confirm", async (event) => {
  if (!event.detail.question) return;
  event.preventDefault();
  if (await ask(event.detail.question, options(event.detail.elt))) event.detail.issueRequest(true);
});
