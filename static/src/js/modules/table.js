// Rows: ticks and the bar for many, a click that opens the record, a heading that stays where it can.
import { listen } from "../dom.js";

const CONTROLS = "a, button, input, select, textarea, label, summary, details";
let turned = ""; // the region whose page was turned: the link that was pressed is gone when the next page is here

export default function table(element) {
  const scroll = element.querySelector(".tr-table-scroll");
  const bar = element.querySelector("[data-table-bulk]");
  const all = element.querySelector("[data-table-all]");
  const rows = () => [...element.querySelectorAll("[data-table-row]")];
  let last = null;

  function count() {
    if (!bar) return;
    const boxes = rows();
    const ticked = boxes.filter((box) => box.checked).length;
    const everything = bar.querySelector("[data-table-everything]");
    const whole = boxes.length > 0 && ticked === boxes.length;
    bar.toggleAttribute("data-on", ticked > 0);
    all.checked = whole;
    all.indeterminate = ticked > 0 && !whole;
    if (everything) {
      everything.hidden = !whole;
      if (!whole) everything.querySelector("input").checked = false;
    }
    const words = everything?.querySelector("input").checked ? everything.textContent.trim() : `${ticked} selected`;
    bar.querySelector("[data-table-count]").textContent = words;
  }

  function tick(event) {
    const box = event.target.closest("[data-table-row]");
    if (!box) return;
    const boxes = rows();
    if (event.shiftKey && last && boxes.includes(last)) {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
    }
    last = box;
    count();
  }

  const fit = new ResizeObserver(() => {
    const fits = scroll.firstElementChild.scrollWidth <= scroll.clientWidth + 1;
    scroll.toggleAttribute("data-fits", fits);
    scroll.toggleAttribute("data-overflows", !fits);
    if (fits) scroll.removeAttribute("tabindex");
    else scroll.tabIndex = 0;
  });
  if (scroll) {
    fit.observe(scroll);
    fit.observe(scroll.firstElementChild);
  }
  count();
  if (turned === element.id) {
    turned = "";
    element.tabIndex = -1;
    element.focus({ preventScroll: true });
  }

  const stop = listen(element, {
    click(event) {
      tick(event);
      if (event.target.closest(".tr-pages-links a") && !event.ctrlKey && !event.metaKey) turned = element.id;
      if (event.target.closest("[data-table-clear]")) {
        for (const box of rows()) box.checked = false;
        count();
        all?.focus();
        return;
      }
      const row = event.target.closest("tr[data-href]");
      if (!row || event.target.closest(CONTROLS) || getSelection().toString()) return;
      if (event.ctrlKey || event.metaKey) window.open(row.dataset.href, "_blank", "noopener");
      else location.assign(row.dataset.href);
    },
    auxclick(event) {
      const row = event.target.closest("tr[data-href]");
      if (row && event.button === 1 && !event.target.closest(CONTROLS)) window.open(row.dataset.href, "_blank", "noopener");
    },
    change(event) {
      if (event.target === all) for (const box of rows()) box.checked = all.checked;
      if (event.target === all || event.target.closest("[data-table-everything], [data-table-row]")) count();
    },
  });
  return () => {
    fit.disconnect();
    stop();
  };
}
