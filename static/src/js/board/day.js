// Lanes over one day.
import { el } from "../dom.js";
import * as card from "./card.js";
import { kept } from "./kept.js";
import { HOUR, MINUTE } from "./model.js";

const ROW = 68; // height of one row of visits, in pixels

/** Rows so that nothing covers anything: each span goes into the first row that is free. */
function rows(spans) {
  const ends = [];
  const found = new Map();
  for (const one of [...spans].sort((a, b) => a.s - b.s || a.e - b.e)) {
    let row = ends.findIndex((end) => end <= one.s);
    if (row < 0) row = ends.push(0) - 1;
    ends[row] = one.e;
    found.set(one, row);
  }
  return { found, count: Math.max(1, ends.length) };
}

export function draw(model, frame, may) {
  const { data } = model;
  const whole = data.until - data.from;
  const at = (seconds) => (100 * (Math.min(Math.max(seconds, data.from), data.until) - data.from)) / whole;
  const lay = (element, start, end) => {
    element.style.setProperty("--s", `${at(start)}%`);
    element.style.setProperty("--w", `${at(end) - at(start)}%`);
    return element;
  };
  const hours = Math.round(whole / HOUR);
  frame.style.setProperty("--tr-hours", hours);
  const axis = el("div", { class: "tr-axis", "aria-hidden": "true" }, el("div", { class: "tr-axis-corner" }, data.days[0].holiday ? el("span", { class: "tr-cal-holiday", title: data.days[0].holiday }, data.days[0].holiday) : `${data.lanes.length} technician${data.lanes.length === 1 ? "" : "s"}`));
  const ticks = el("div", { class: "tr-axis-hours" });
  for (let n = 0; n < hours; n += 1) {
    const tick = el("span", {}, model.hour.format(new Date((data.from + n * HOUR) * 1000)));
    tick.style.setProperty("--s", `${(100 * n) / hours}%`);
    ticks.append(tick);
  }
  const live = data.now > data.from && data.now < data.until;
  if (live) {
    const bubble = el("b", { class: "tr-now-time" }, model.time(data.now));
    bubble.style.setProperty("--s", `${at(data.now)}%`);
    ticks.append(bubble);
  }
  axis.append(ticks);
  const inner = el("div", { class: `tr-lanes-inner${data.days[0].holiday ? " is-holiday" : ""}` }, axis);
  const shared = [data.date, data.from, data.until, data.filters, may];
  const narrow = (74 * whole) / Math.max(1, frame.clientWidth - 196, hours * 84); // seconds that are narrower than a few words
  inner.append(...kept(frame, model, shared, (lane) => drawLane(model, lane, lay, may, narrow)));
  if (live) {
    inner.classList.add("is-live");
    inner.style.setProperty("--now", at(data.now) / 100);
  }
  frame.replaceChildren(inner);
  if (!data.lanes.length) frame.append(el("p", { class: "tr-lanes-empty" }, "Nobody works here that day, or nobody is chosen in the filter."));
}

function drawLane(model, lane, lay, may, narrow) {
  const visits = lane.visits.map((id) => model.visits.get(id));
  const { found, count } = rows(visits);
  // a block that lies under a visit stands on a strip below, else nobody could get at it
  const under = lane.blocks.filter((block) => visits.some((visit) => visit.s < block.e && block.s < visit.e));
  const strips = under.length ? rows(under) : { found: new Map(), count: 0 };
  const track = el("div", { class: "tr-track", "data-track": lane.id });
  track.style.setProperty("--rows", count);
  track.style.setProperty("--strips", strips.count);
  track.style.setProperty("--row", `${ROW}px`);
  let free = model.data.from;
  for (const [start, end] of [...lane.hours, [model.data.until, model.data.until]]) {
    if (start > free) track.append(lay(el("span", { class: "tr-off", "aria-hidden": "true" }), free, start));
    free = Math.max(free, end);
  }
  let before;
  const parts = [...visits.map((one) => ({ one, kind: "visit" })), ...lane.blocks.map((one) => ({ one, kind: "block" }))].sort((a, b) => a.one.s - b.one.s);
  for (const { one, kind } of parts) {
    if (kind === "block") {
      const made = lay(card.block(model, one, lane.id), one.s, one.e);
      made.classList.toggle("is-narrow", one.e - one.s < narrow * 0.8);
      if (strips.found.has(one)) {
        made.classList.add("is-strip");
        made.style.setProperty("--r", strips.found.get(one));
      }
      track.append(made);
      continue;
    }
    const row = found.get(one);
    const tight = (seconds) => seconds < narrow / 3;
    const drive = lane.drives[one.id];
    if (before && drive > 0 && one.s >= before.e) {
      const short = one.s - before.e < drive * MINUTE;
      const gap = lay(el("span", { class: `tr-drive${short ? " is-short" : tight(drive * MINUTE) ? " is-tight" : ""}`, title: `${drive} min drive${short ? `, and there are ${Math.round((one.s - before.e) / 60)}` : ""}`, "aria-hidden": "true" }, el("span", {}, `${drive}′`)), Math.max(before.e, one.s - drive * MINUTE), one.s);
      gap.style.setProperty("--r", row);
      if (one.s > before.e || short) track.append(gap);
    }
    if (one.fin && one.fin > one.e + 5 * MINUTE && one.status !== "completed") {
      const tail = lay(el("span", { class: `tr-tail${one.punct === "late" ? " is-late" : ""}`, "aria-hidden": "true", title: `Until ${model.time(one.fin)} as the day goes` }), one.e, one.fin);
      tail.style.setProperty("--r", row);
      track.append(tail);
    }
    const made = lay(card.onLane(model, one, lane.id), one.s, one.e);
    made.style.setProperty("--r", row);
    made.classList.toggle("is-narrow", one.e - one.s < narrow);
    track.append(made);
    before = one;
  }
  return el("section", { class: "tr-lane", "data-lane-of": lane.id, "aria-label": `${lane.name}${lane.state ? `, ${lane.state.word}` : ""}` }, card.head(model, lane, may.blocks), track);
}
