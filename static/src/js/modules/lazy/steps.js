// Steps as rows: added with Enter or the button, put in order by dragging, with the buttons or Alt and the arrow keys.
// The rows are sent in the order in which they stand. Empty ones, there for whoever has no JavaScript, are cut to one.
import Sortable from "sortablejs";
import { listen } from "../../dom.js";

export default function steps(element) {
  const list = element.querySelector("[data-steps]");
  const rows = () => [...list.children];
  const text = (row) => row.querySelector('input[name="step"]');
  let made = 0;

  const pattern = rows().at(-1).cloneNode(true);
  for (const row of rows().filter((r) => !text(r).value).slice(1)) row.remove();

  function number() {
    for (const [at, row] of rows().entries()) {
      text(row).setAttribute("aria-label", `Step ${at + 1}`);
      row.querySelector('input[name="required"]').setAttribute("aria-label", `Step ${at + 1} is required`);
    }
  }

  function changed() {
    number();
    list.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function add(after) {
    const row = pattern.cloneNode(true);
    const key = `a${(made += 1)}`;
    row.dataset.id = key;
    row.querySelector('input[name="key"]').value = key;
    const box = row.querySelector('input[name="required"]');
    box.value = key;
    box.checked = false;
    text(row).value = "";
    if (after) after.after(row);
    else list.append(row);
    changed();
    text(row).focus();
  }

  function move(row, way, focus) {
    if (way === "up") row.previousElementSibling?.before(row);
    else row.nextElementSibling?.after(row);
    changed();
    focus.focus();
  }

  const sortable = Sortable.create(list, { handle: "[data-grip]", animation: 120, ghostClass: "tr-sortable-ghost", onEnd: changed });
  const off = listen(element, {
    click(event) {
      const button = event.target.closest("button");
      const row = button?.closest("[data-id]");
      if (button?.matches("[data-add]")) add();
      else if (button?.matches("[data-move]")) move(row, button.dataset.move, button);
      else if (button?.matches("[data-remove]")) {
        const next = row.nextElementSibling ?? row.previousElementSibling;
        row.remove();
        if (next) text(next).focus();
        else add();
        changed();
      }
    },
    keydown(event) {
      const row = event.target.closest("[data-id]");
      if (!row || event.target !== text(row)) return;
      if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        if (text(row).value.trim()) add(row);
      } else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
        event.preventDefault();
        move(row, event.key === "ArrowUp" ? "up" : "down", event.target);
      }
    },
  });
  number();
  return () => {
    off();
    sortable.destroy();
  };
}
