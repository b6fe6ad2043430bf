// A region that the server fills again while somebody types in it: what was typed meanwhile is not lost, the region asks once more.
// The region's hx-trigger names "typed-meanwhile", its hx-include the region's own fields.
import { listen } from "../dom.js";

const picture = (element) => JSON.stringify([...element.querySelectorAll("input, select, textarea")].map((field) => field.value));

export default function keepTyped(element) {
  let sent = "";
  return listen(element, {
    "htmx:beforeRequest"(event) {
      if (event.target === element) sent = picture(element);
    },
    "htmx:beforeSwap"(event) {
      if (event.target !== element || picture(element) === sent) return;
      event.detail.shouldSwap = false;
      setTimeout(() => window.htmx.trigger(element, "typed-meanwhile"));
    },
  });
}
