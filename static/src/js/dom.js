// Small helpers the modules share.

/** Builds an element: el("a", {href: "/", class: "x"}, "text", child). Text is text, never markup. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

export function icon(name, size = 16) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({ class: "tr-icon", width: size, height: size, "aria-hidden": "true" })) svg.setAttribute(key, value);
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${document.body.dataset.icons}#i-${name}`);
  svg.append(use);
  return svg;
}

export function csrf() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

let counter = 0;
export function uid(prefix = "tr") {
  counter += 1;
  return `${prefix}-${counter}`;
}

export function debounce(act, milliseconds) {
  let timer;
  const later = (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...args), milliseconds);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

/** addEventListener for several at once; returns what removes them all. */
export function listen(target, handlers, options) {
  const controller = new AbortController();
  for (const [name, handler] of Object.entries(handlers)) target.addEventListener(name, handler, { ...options, signal: controller.signal });
  return () => controller.abort();
}

/** A modal <dialog> of our own making, gone when closed. */
export function modal(className, label, ...children) {
  const dialog = el("dialog", { class: `tr-dialog ${className}`, "aria-label": label }, ...children);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

const GAP = 5;
const EDGE = 8;

/** Puts a floating list under its anchor, or above it where there is no room; fixed, so that no scrolling box cuts it off. */
export function place(list, anchor, align = "start") {
  const at = anchor.getBoundingClientRect();
  Object.assign(list.style, { position: "fixed", inset: "auto" });
  const { offsetWidth: width, offsetHeight: height } = list;
  const top = at.bottom + GAP + height <= innerHeight ? at.bottom + GAP : Math.max(EDGE, at.top - GAP - height);
  const wished = align === "start" ? at.left : at.right - width;
  const left = Math.min(Math.max(EDGE, wished), Math.max(EDGE, innerWidth - width - EDGE));
  Object.assign(list.style, { top: `${top}px`, left: `${left}px` });
  // A transformed or blurred ancestor is what "fixed" is then relative to: take its offset away again.
  const real = list.getBoundingClientRect();
  if (real.top !== top || real.left !== left) Object.assign(list.style, { top: `${top - (real.top - top)}px`, left: `${left - (real.left - left)}px` });
}
