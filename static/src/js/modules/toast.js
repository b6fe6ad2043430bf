// Goes by itself, unless somebody is at it: what only confirms sooner than what asks or warns, since on a phone it lies
// over what is tapped next.
import { listen } from "../dom.js";

const STAY_MS = 8000;
const CONFIRM_MS = 4000;

export default function toast(element) {
  const stay = element.matches(".tr-toast-success") && !element.querySelector(".tr-toast-undo") ? CONFIRM_MS : STAY_MS;
  let timer;
  const leave = () => {
    element.dataset.leaving = "";
    setTimeout(() => element.remove(), 200);
  };
  const run = () => {
    clearTimeout(timer);
    timer = setTimeout(leave, stay);
  };
  const hold = () => clearTimeout(timer);
  run();
  const stop = listen(element, {
    mouseenter: hold,
    mouseleave: run,
    focusin: hold,
    focusout: run,
    click: (event) => event.target.closest("[data-toast-close]") && leave(),
  });
  return () => {
    hold();
    stop();
  };
}
