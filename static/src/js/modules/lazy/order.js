// A list that is put in order by dragging its rows: data-url takes the ids in their new order, and the answer replaces
// data-target. Buttons beside each row do the same with the keyboard. Rows are [data-id], their handle is [data-grip].
import Sortable from "sortablejs";
import { csrf } from "../../dom.js";

export default function order(list) {
  const { url, target } = list.dataset;
  const ids = () => [...list.querySelectorAll(":scope > [data-id]")].map((row) => row.dataset.id);
  let before = ids();

  const sortable = Sortable.create(list, {
    handle: "[data-grip]",
    draggable: "[data-id]",
    animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150,
    ghostClass: "tr-sortable-ghost",
    onEnd: () => {
      const now = ids();
      if (now.join() === before.join()) return;
      if (!url) {
        before = now;
        list.dispatchEvent(new CustomEvent("order", { bubbles: true, detail: now }));
        return;
      }
      window.htmx.ajax("POST", url, { target, swap: "outerHTML", values: { ids: now, csrf_token: csrf() } }).catch(() => sortable.sort(before, true));
    },
  });
  list.dataset.ready = "";
  return () => sortable.destroy();
}
