// Who is on the phone: arrows go through what was found, Enter takes the first without leaving the field.
import { listen } from "../../dom.js";

/** On the search form: `data-list` names the region of the answers, whose links are gone through. */
export default function callers(form) {
  const field = form.querySelector("input");
  const region = () => document.querySelector(form.dataset.list);
  const links = () => [...(region()?.querySelectorAll("a") ?? [])];
  // what is shown may still be the answer to fewer letters
  const fits = () => region()?.dataset.q === field.value.trim();

  function go(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const all = links();
    if (!step || !all.length) return;
    const at = all.indexOf(document.activeElement);
    event.preventDefault();
    if (at + step < 0) field.focus();
    else all[Math.min(at + step, all.length - 1)].focus();
  }

  const undo = [
    listen(document, { keydown: (event) => (event.target === field || region()?.contains(event.target)) && go(event) }),
    listen(form, {
      submit(event) {
        const [first] = links();
        if (!first || !fits()) return;
        event.preventDefault();
        first.click();
      },
    }),
  ];
  return () => undo.forEach((one) => one());
}
