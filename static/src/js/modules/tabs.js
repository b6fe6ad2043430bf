// Tabs over panels of this page; left and right move.
import { listen } from "../dom.js";

export default function tabs(element) {
  const buttons = [...element.querySelectorAll("[role=tab]")];
  const panel = (button) => document.getElementById(button.getAttribute("aria-controls"));

  function show(button, focus) {
    for (const other of buttons) {
      const on = other === button;
      other.setAttribute("aria-selected", String(on));
      other.tabIndex = on ? 0 : -1;
      panel(other).hidden = !on;
    }
    if (focus) button.focus();
  }

  show(buttons.find((button) => `#${panel(button).id}` === location.hash) ?? buttons[0]);
  element.dataset.ready = "";
  return listen(element, {
    click: (event) => event.target.closest("[role=tab]") && show(event.target.closest("[role=tab]")),
    keydown(event) {
      const at = buttons.indexOf(event.target);
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
      if (at < 0 || to === undefined) return;
      event.preventDefault();
      show(buttons[(to + buttons.length) % buttons.length], true);
    },
  });
}
