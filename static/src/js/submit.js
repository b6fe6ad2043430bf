// Every form that posts: its button is busy until the answer is there, and a second click sends nothing.
const busy = new WeakMap();
const PLAIN_RELEASE_MS = 8000; // a post that answers with a download leaves the page standing

function mark(form, submitter) {
  busy.set(form, submitter);
  submitter?.setAttribute("aria-busy", "true");
}

function release(form) {
  busy.get(form)?.removeAttribute("aria-busy");
  busy.delete(form);
}

document.addEventListener(
  "submit",
  (event) => {
    if (!busy.has(event.target)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  { capture: true },
);

window.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.target) return;
  mark(form, event.submitter);
  form.removeAttribute("data-dirty");
  setTimeout(() => release(form), PLAIN_RELEASE_MS);
});

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  const { elt, requestConfig } = detail;
  if (elt.matches?.("form") && requestConfig.verb !== "get") mark(elt, requestConfig.triggeringEvent?.submitter);
  else if (elt.matches?.("button")) elt.setAttribute("aria-busy", "true");
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.elt.matches?.("form")) release(detail.elt);
  else if (detail.elt.matches?.("button")) detail.elt.removeAttribute("aria-busy");
});

addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const button of document.querySelectorAll("[aria-busy=true]")) button.removeAttribute("aria-busy");
});
