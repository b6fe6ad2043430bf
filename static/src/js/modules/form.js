// Error summary takes the focus and its links lead to fields; changes are not lost by leaving.
import { listen } from "../dom.js";

const picture = (form) => {
  const data = new FormData(form);
  data.delete("csrf_token");
  return JSON.stringify([...data].map(([name, value]) => [name, value instanceof File ? `${value.name}:${value.size}` : value]));
};

export default function form(element) {
  const summary = element.querySelector("[data-error-summary]");
  const guarded = element.hasAttribute("data-dirty-guard");
  const clean = guarded ? picture(element) : "";
  if (summary) {
    summary.focus({ preventScroll: true });
    summary.scrollIntoView({ block: "nearest" });
    // What came back with errors is not saved yet.
    if (guarded) element.dataset.dirty = "";
  }

  const stopOwn = listen(element, {
    click(event) {
      const link = event.target.closest("[data-error-summary] a[href^='#']");
      const field = link && document.getElementById(link.hash.slice(1));
      if (!field) return;
      event.preventDefault();
      field.scrollIntoView({ block: "center" });
      field.focus({ preventScroll: true });
    },
    input() {
      if (guarded) element.toggleAttribute("data-dirty", Boolean(summary) || picture(element) !== clean);
    },
    "htmx:afterRequest"(event) {
      if (event.detail.elt === element && event.detail.successful) element.removeAttribute("data-dirty");
    },
  });
  const stopLeave = listen(window, {
    beforeunload(event) {
      if (element.hasAttribute("data-dirty") && !element.closest("dialog:not([open])")) event.preventDefault();
    },
  });
  // The server's redirect is a leaving that was asked for.
  const stopRedirect = listen(document, {
    "htmx:beforeOnLoad"(event) {
      const { xhr } = event.detail;
      if (xhr.getResponseHeader("HX-Redirect") || xhr.getResponseHeader("HX-Refresh")) element.removeAttribute("data-dirty");
    },
  });
  return () => {
    stopOwn();
    stopLeave();
    stopRedirect();
  };
}
