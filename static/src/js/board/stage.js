// Where on the screen a place on the board is, and the ghost that stands there while something moves.
import { el } from "../dom.js";
import { MINUTE, SNAP, snapped } from "./model.js";

/** The lanes of a day: any time on any lane. */
export function dayStage(model, frame) {
  const ghost = el("div", { class: "tr-ghost", "aria-hidden": "true" });
  const whole = () => model.data.until - model.data.from;

  return {
    step: SNAP,
    /** What is under the pointer; `grab`: seconds between the start of what is dragged and where it is held. */
    under(x, y, grab = 0, by = SNAP) {
      const track = document.elementsFromPoint(x, y).map((one) => one.closest?.("[data-track]")).find((one) => one && frame.contains(one));
      if (!track) return null;
      const box = track.getBoundingClientRect();
      const at = model.data.from + ((x - box.left) / box.width) * whole();
      return { lane: Number(track.dataset.track), start: snapped(at - grab, by), at };
    },
    seconds(element, x) {
      const box = element.closest("[data-track]").getBoundingClientRect();
      return model.data.from + ((x - box.left) / box.width) * whole();
    },
    show({ lane, start, end }, words, tone) {
      const track = frame.querySelector(`[data-track="${lane}"]`);
      if (!track) return null;
      if (ghost.parentElement !== track) track.append(ghost);
      const at = (seconds) => (100 * (seconds - model.data.from)) / whole();
      ghost.style.setProperty("--s", `${at(start)}%`);
      ghost.style.setProperty("--w", `${at(end) - at(start)}%`);
      ghost.dataset.tone = tone;
      ghost.replaceChildren(el("strong", {}, model.span(start, end)), el("span", {}, words));
      return ghost;
    },
    hide: () => ghost.remove(),
    /** Keeps a place within the day that is shown. */
    within(place) {
      const length = place.end - place.start;
      const start = Math.min(Math.max(place.start, model.data.starts), model.data.ends - 5 * MINUTE);
      return { ...place, start, end: start + length };
    },
    across: (place, way, big) => ({ ...place, start: place.start + way * (big ? 4 : 1) * SNAP, end: place.end + way * (big ? 4 : 1) * SNAP }),
    longer: (place, way) => ({ ...place, end: Math.max(place.start + SNAP, place.end + way * SNAP) }),
  };
}

/** The cells of a week: a day on a lane, at the time of day it had. */
export function weekStage(model, frame) {
  const ghost = el("div", { class: "tr-ghost is-chip", "aria-hidden": "true" });
  const dayOf = (start) => model.data.days.findIndex((day) => day.starts <= start && start < day.ends);

  return {
    step: 86400,
    under(x, y, grab, by, what) {
      const cell = document.elementsFromPoint(x, y).map((one) => one.closest?.("[data-cell]")).find((one) => one && frame.contains(one));
      if (!cell) return null;
      return { lane: Number(cell.dataset.cell), start: this.startOn(Number(cell.dataset.day), Number(cell.dataset.cell), what) };
    },
    startOn(index, lane, what) {
      const day = model.data.days[index];
      if (what.s == null) return model.gap(lane, day, what.length);
      const from = dayOf(what.s);
      return from < 0 ? day.starts + ((what.s - model.data.starts) % 86400) : day.starts + (what.s - model.data.days[from].starts);
    },
    seconds: (_element, _x) => 0,
    show({ lane, start, end }, words, tone) {
      const index = dayOf(start);
      const cell = frame.querySelector(`[data-cell="${lane}"][data-day="${index}"]`);
      if (!cell) return null;
      if (ghost.parentElement !== cell) cell.append(ghost);
      ghost.dataset.tone = tone;
      ghost.replaceChildren(el("strong", {}, model.span(start, end)), el("span", {}, words));
      return ghost;
    },
    hide: () => ghost.remove(),
    within: (place) => (dayOf(place.start) < 0 ? null : place),
    across(place, way, big, what) {
      const index = Math.min(Math.max(dayOf(place.start) + way, 0), model.data.days.length - 1);
      const start = this.startOn(index, place.lane, what);
      return { ...place, start, end: start + (place.end - place.start) };
    },
    longer: (place) => place,
  };
}
