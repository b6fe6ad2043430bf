// A grid of links as one stop of the Tab key: arrows, Home and End move in it, Enter opens as always.
// Its frame says on which sides there is more to scroll to: data-more="start end".
import { listen } from "../../dom.js";

export default function matrix(element) {
  const rows = () => [...element.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("a.tr-rate")]).filter((cells) => cells.length);
  const all = () => rows().flat();

  function only(link) {
    for (const other of all()) other.tabIndex = other === link ? 0 : -1;
  }

  function place(link) {
    const grid = rows();
    const y = grid.findIndex((cells) => cells.includes(link));
    return { grid, y, x: y < 0 ? -1 : grid[y].indexOf(link) };
  }

  function next({ grid, y, x }, event) {
    const end = event.ctrlKey || event.metaKey;
    switch (event.key) {
      case "ArrowLeft":
        return grid[y][x - 1];
      case "ArrowRight":
        return grid[y][x + 1];
      case "ArrowUp":
        return grid[y - 1]?.[x];
      case "ArrowDown":
        return grid[y + 1]?.[x];
      case "Home":
        return end ? grid[0][0] : grid[y][0];
      case "End":
        return end ? grid.at(-1).at(-1) : grid[y].at(-1);
      default:
        return undefined;
    }
  }

  const where = element.querySelector("[data-matrix-where]");
  const say = (link) => link && where && (where.textContent = link.title);

  const frame = element.querySelector("[data-matrix-frame]");
  const scroller = frame?.firstElementChild;
  function edges() {
    const beyond = scroller.scrollWidth - scroller.clientWidth - Math.abs(scroller.scrollLeft);
    frame.dataset.more = [Math.abs(scroller.scrollLeft) > 1 && "start", beyond > 1 && "end"].filter(Boolean).join(" ");
  }
  const watch = scroller && new ResizeObserver(edges);
  watch?.observe(scroller);
  const stopScroll = scroller && listen(scroller, { scroll: edges }, { passive: true });

  const focused = document.activeElement;
  only(element.contains(focused) ? focused : all()[0]);
  const stop = listen(element, {
    focusin(event) {
      if (!event.target.matches("a.tr-rate")) return;
      only(event.target);
      say(event.target);
    },
    pointerover: (event) => say(event.target.closest(".tr-rate")),
    keydown(event) {
      const here = place(event.target);
      if (here.y < 0) return;
      const link = next(here, event);
      if (!link) return;
      event.preventDefault();
      link.focus();
      link.scrollIntoView({ block: "nearest", inline: "nearest" });
    },
  });
  return () => {
    stop();
    stopScroll?.();
    watch?.disconnect();
  };
}
