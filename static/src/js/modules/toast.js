// Goes by itself after eight seconds, unless somebody is at it.
import { listen } from "../dom.js";

const STAY_MS = 8000;

export default function toast(element) {
  let timer;
  const leave = () => {
    element.dataset.leaving = "";
    setTimeout(() => element.remove(), 200);
  };
  const run = () => {
    clearTimeout(timer);
    timer = setTimeout(leave, STAY_MS);
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
