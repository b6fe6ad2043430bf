// <details data-module="menu">: arrow keys, Escape, closing outside, and a place on the screen that nothing cuts off.
import { listen, place } from "../dom.js";

export default function menu(element) {
  const summary = element.querySelector("summary");
  const list = element.querySelector(".tr-menu-list");
  const items = () => [...list.querySelectorAll("a[href], button:not(:disabled), input:not([type=hidden]):not(:disabled)")];

  function close(focus) {
    if (!element.open) return;
    element.open = false;
    if (focus) summary.focus();
  }

  const stopOwn = listen(element, {
    toggle() {
      if (!element.open) return;
      for (const other of document.querySelectorAll("details.tr-menu[open]")) if (other !== element) other.open = false;
      place(list, summary, element.dataset.align);
    },
    keydown(event) {
      if (event.key === "Escape" && element.open) {
        event.preventDefault();
        event.stopPropagation();
        close(true);
        return;
      }
      if (!["ArrowDown", "ArrowUp"].includes(event.key) || event.target.matches("select, input[type=date]")) return;
      event.preventDefault();
      if (!element.open) element.open = true;
      const all = items();
      const at = all.indexOf(document.activeElement);
      all[(event.key === "ArrowDown" ? at + 1 : at <= 0 ? all.length - 1 : at - 1) % all.length]?.focus();
    },
    focusout: (event) => event.relatedTarget && !element.contains(event.relatedTarget) && close(false),
    click: (event) => event.target.closest(".tr-menu-item") && !event.target.closest("[data-stay]") && setTimeout(() => close(false)),
  });
  const stopOutside = listen(document, { pointerdown: (event) => element.contains(event.target) || close(false) });
  const stopScroll = listen(window, { resize: () => close(false), scroll: () => element.open && place(list, summary, element.dataset.align) }, { passive: true, capture: true });
  return () => {
    stopOwn();
    stopOutside();
    stopScroll();
  };
}
