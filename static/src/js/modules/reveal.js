// A password that can be looked at.
import { listen } from "../dom.js";

export default function reveal(element) {
  const input = element.querySelector("input");
  const button = element.querySelector("[data-reveal]");
  return listen(button, {
    click() {
      const on = input.type === "password";
      input.type = on ? "text" : "password";
      button.setAttribute("aria-pressed", String(on));
    },
  });
}
