// Keys from the page itself: any link, button or field with data-key="g s". "?" lists those that are there.
import { el, modal } from "./dom.js";

const SEQUENCE_MS = 1200;
let typed = [];
let timer;

const typing = (target) => target.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
const visible = (element) => element.checkVisibility?.() ?? true;
const name = (element) => element.getAttribute("aria-label") || element.placeholder || element.querySelector("span:not(.tr-badge)")?.textContent.trim() || element.textContent.trim();

function collect() {
  const found = new Map();
  for (const element of document.querySelectorAll("[data-key]")) if (!found.has(element.dataset.key)) found.set(element.dataset.key, element);
  return found;
}

function keys(sequence) {
  return el("span", { class: "tr-kbd" }, ...sequence.split(" ").map((key) => el("kbd", {}, key)));
}

function section(title, rows) {
  if (!rows.length) return null;
  const list = el("dl", {}, ...rows.map(([sequence, words]) => el("div", {}, el("dt", {}, words), el("dd", {}, keys(sequence)))));
  return el("section", {}, el("h3", {}, title), list);
}

export function showShortcuts() {
  if (document.querySelector("dialog[open]")) return;
  const all = [...collect()].filter(([, element]) => element.closest(".tr-nav") || visible(element));
  const rows = (inNav) => all.filter(([, element]) => Boolean(element.closest(".tr-nav")) === inNav).map(([sequence, element]) => [sequence, name(element)]);
  const close = el("button", { type: "button", class: "tr-btn tr-btn-ghost tr-btn-sm" }, "Close");
  const general = [["?", "This list"], ["Esc", "Close what is open"]];
  if (document.querySelector("[data-palette]")) general.unshift(["Ctrl K", "Search everything"]);
  const dialog = modal(
    "tr-shortcuts",
    "Keyboard shortcuts",
    el("div", { class: "tr-dialog-body", "data-size": "lg" }, el("div", { class: "tr-dialog-head" }, el("h2", {}, "Keyboard shortcuts"), close), el("div", {}, ...[section("Everywhere", general), section("On this page", rows(false)), section("Go to", rows(true))].filter(Boolean))),
  );
  close.addEventListener("click", () => dialog.close());
}

function run(element) {
  if (element.matches("input, select, textarea")) {
    element.focus();
    element.select?.();
  } else element.click();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "?") {
    event.preventDefault();
    showShortcuts();
    return;
  }
  if (event.key.length !== 1 || event.key === " ") return;
  clearTimeout(timer);
  typed = [...typed, event.key.toLowerCase()].slice(-2);
  timer = setTimeout(() => (typed = []), SEQUENCE_MS);
  const known = collect();
  const element = known.get(typed.join(" ")) ?? known.get(typed.at(-1));
  if (!element || (!visible(element) && !element.closest(".tr-nav"))) return;
  event.preventDefault();
  typed = [];
  run(element);
});
document.addEventListener("click", (event) => event.target.closest?.("[data-shortcuts]") && showShortcuts());
