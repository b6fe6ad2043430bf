// Lanes over a week: a cell for each technician and day.
import { el } from "../dom.js";
import * as card from "./card.js";
import { kept } from "./kept.js";

export function draw(model, frame, may) {
  const { data } = model;
  const today = data.days.find((day) => day.starts <= data.now && data.now < day.ends)?.date;
  const axis = el("div", { class: "tr-axis is-week" }, el("div", { class: "tr-axis-corner", "aria-hidden": "true" }, `${data.lanes.length} technician${data.lanes.length === 1 ? "" : "s"}`));
  for (const day of data.days) {
    const link = new URL(location.href);
    link.searchParams.set("date", day.date);
    link.searchParams.set("view", "day");
    axis.append(el("a", { href: link.pathname + link.search, class: day.date === today ? "is-today" : "" }, day.label, day.holiday ? el("span", { class: "tr-cal-holiday", title: day.holiday }, day.holiday) : null));
  }
  const inner = el("div", { class: "tr-lanes-inner is-week" }, axis);
  const drawn = kept(frame, model, [data.date, data.filters, may, today, data.days.map((day) => day.holiday)], (lane) => {
    const row = el("section", { class: "tr-lane is-week", "data-lane-of": lane.id, "aria-label": lane.name }, card.head(model, lane, may.blocks));
    data.days.forEach((day, index) => {
      const works = lane.hours.filter(([a]) => a >= day.starts && a < day.ends);
      const minutes = works.reduce((sum, [a, b]) => sum + (b - a) / 60, 0);
      const visits = lane.visits.map((id) => model.visits.get(id)).filter((one) => one.s >= day.starts && one.s < day.ends);
      const blocks = lane.blocks.filter((one) => one.s < day.ends && one.e > day.starts);
      const booked = visits.reduce((sum, one) => sum + (one.e - one.s) / 60, 0);
      const parts = [...visits.map((one) => [one.s, card.inCell(model, one, lane.id)]), ...blocks.map((one) => [one.s, card.block(model, one, lane.id, true)])].sort((a, b) => a[0] - b[0]);
      const share = minutes ? booked / minutes : 0;
      const load = el("span", { class: `tr-cell-load${share > 1 ? " is-over" : ""}`, "aria-hidden": "true" }, minutes ? `${round(booked / 60)}/${round(minutes / 60)} h` : booked ? `${round(booked / 60)} h` : "Off");
      row.append(el("div", { class: `tr-cell${minutes ? "" : " is-off"}${day.date === today ? " is-today" : ""}${day.holiday ? " is-holiday" : ""}`, "data-cell": lane.id, "data-day": index }, el("span", { class: "tr-cell-day" }, day.label), load, ...parts.map(([, element]) => element)));
    });
    return row;
  });
  inner.append(...drawn);
  frame.replaceChildren(inner);
  if (!data.lanes.length) frame.append(el("p", { class: "tr-lanes-empty" }, "Nobody works here that week, or nobody is chosen in the filter."));
}

const round = (number) => Math.round(number * 10) / 10;
