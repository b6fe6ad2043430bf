// How visits and blocks look: on lanes, in cells of a week, in the tray.
import { el, icon } from "../dom.js";

const LANE_MARKS = [
  ["conf", "circle-check", "Confirmed"],
  ["pin", "pin", "Pinned"],
];

/** Words for those who do not see the colours and marks. */
const hidden = (words) => el("span", { class: "visually-hidden" }, words);

function marks(visit) {
  const found = [];
  if (visit.prio === "urgent") found.push(["siren", "Urgent", "is-urgent"]);
  if (visit.prio === "high") found.push(["flag", "High priority", "is-high"]);
  for (const [key, glyph, words] of LANE_MARKS) if (visit[key]) found.push([glyph, words, `is-${key}`]);
  if (visit.crew.length > 1) found.push(["users", `${visit.crew.length} technicians`, ""]);
  return el("span", { class: "tr-visit-marks" }, hidden(", "), ...found.map(([glyph, words, tone]) => el("span", { class: tone, title: words }, icon(glyph, 13), hidden(`${words}, `))));
}

function lateWords(visit) {
  return visit.punct === "late" ? `${hours(visit.late)} late` : "May be late";
}

const late = (visit) => (visit.punct ? el("span", { class: "tr-visit-late" }, lateWords(visit), hidden(", ")) : null);

/** The same where there is little room. */
function lateShort(visit) {
  if (visit.punct !== "late") return late(visit);
  const words = visit.late < 60 ? `${visit.late}m` : `${Math.floor(visit.late / 60)}h${String(visit.late % 60).padStart(2, "0")}`;
  return el("span", { class: "tr-visit-late" }, icon("alarm-clock", 12), words, hidden(" late, "));
}

const word = (model, visit) => el("span", { class: "tr-visit-word" }, el("span", { class: "tr-visit-dot", "aria-hidden": "true" }), el("span", { class: "tr-visit-text" }, model.status(visit)));
const crew = (model, visit) => hidden(`, ${visit.crew.map((id) => model.lanes.get(id)?.name).filter(Boolean).join(" and ") || "nobody assigned"}`);
const noted = (visit) => (visit.marks ?? []).map((mark) => el("span", { class: `tr-visit-mark tr-tint-${mark.tone}` }, mark.text));

function common(model, visit, kind) {
  return {
    type: "button",
    class: `tr-visit${visit.punct === "late" ? " is-late" : ""}${visit.punct === "at_risk" ? " is-risky" : ""}${model.fits(visit) ? "" : " is-dim"}${kind ? ` ${kind}` : ""}`,
    "data-visit": visit.id,
    "data-status": visit.status,
  };
}

/** The times on a lane: as long as there is room for, since the card already stands under its hours. */
function times(model, visit) {
  const whole = model.span(visit.s, visit.e);
  const minutes = (visit.e - visit.s) / 60;
  const start = model.time(visit.s).slice(0, -3);
  const shown = minutes >= 120 ? whole : minutes >= 75 ? `${start}–${model.time(visit.e).slice(0, -3)}` : start;
  return [el("span", { class: "tr-visit-time", "aria-hidden": "true" }, shown), hidden(`${whole}, `)];
}

/** A visit on the lane of a day. */
export function onLane(model, visit, lane) {
  const place = [visit.cust, visit.city].filter(Boolean).join(", ");
  return el(
    "button",
    { ...common(model, visit), "data-lane": lane, tabindex: -1, title: model.label(visit) },
    el("span", { class: "tr-visit-top" }, el("span", { class: "tr-visit-title" }, visit.title), marks(visit)),
    el("span", { class: "tr-visit-sub" }, ...times(model, visit), el("span", { class: "tr-visit-text" }, place), place ? hidden(", ") : null),
    // what is late comes first: it is what a narrow card shows
    el("span", { class: "tr-visit-state" }, lateShort(visit), word(model, visit), ...noted(visit)),
    crew(model, visit),
    el("span", { class: "tr-grip", "data-grip": true }),
  );
}

/** A visit in a cell of the week. */
export function inCell(model, visit, lane) {
  return el(
    "button",
    { ...common(model, visit, "is-chip"), "data-lane": lane, tabindex: -1, title: model.label(visit) },
    el("span", { class: "tr-visit-top" }, el("span", { class: "tr-visit-time" }, model.time(visit.s)), marks(visit)),
    el("span", { class: "tr-visit-title" }, visit.title, hidden(", ")),
    visit.punct ? late(visit) : word(model, visit),
    crew(model, visit),
  );
}

/** A visit that waits in the tray. */
export function inTray(model, visit) {
  const names = visit.crew.map((id) => model.lanes.get(id)?.name).filter(Boolean).join(", ");
  const place = [visit.cust, visit.street, visit.city].filter(Boolean).join(", ");
  const when = visit.s ? `${model.day.format(new Date(visit.s * 1000))}, ${model.span(visit.s, visit.e)}` : visit.ws ? `Promised ${model.day.format(new Date(visit.ws * 1000))}, ${model.span(visit.ws, visit.we)}` : `${visit.min} min, no time yet`;
  const pills = [];
  if (visit.status !== "pending") pills.push(word(model, visit));
  if (visit.punct) pills.push(late(visit));
  if (visit.hold) pills.push(el("span", { class: "tr-visit-hold" }, icon("pause", 12), visit.hold));
  pills.push(...noted(visit));
  for (const tag of (visit.tags ?? []).slice(0, 2)) pills.push(el("span", { class: "tr-visit-tag" }, tag));
  return el(
    "button",
    common(model, visit, "is-waiting"),
    el("span", { class: "tr-visit-top" }, el("span", { class: "tr-visit-title" }, visit.title), marks(visit)),
    el("span", { class: "tr-visit-sub" }, icon("clock", 12), el("span", { class: "tr-visit-text" }, when)),
    place ? el("span", { class: "tr-visit-sub" }, icon("map-pin", 12), el("span", { class: "tr-visit-text" }, place)) : null,
    names ? el("span", { class: "tr-visit-sub" }, icon("user-round", 12), el("span", { class: "tr-visit-text" }, names)) : null,
    pills.length ? el("span", { class: "tr-visit-state" }, ...pills) : null,
  );
}

const GLYPHS = { lunch: "utensils", parts_run: "package", meeting: "users-round", training: "book-open", time_off: "calendar-x", other: "clock" };

/** A block on a lane, or in a cell. */
export function block(model, one, lane, chip) {
  return el(
    "button",
    { type: "button", class: `tr-block${chip ? " is-chip" : ""}`, "data-block": one.id, "data-lane": lane, "data-kind": one.kind, tabindex: -1, title: `${one.title}, ${model.when(one.s, one.e)}${one.note ? `: ${one.note}` : ""}` },
    icon(GLYPHS[one.kind], 13),
    el("span", {}, chip ? `${model.time(one.s)} ${one.title}` : one.title),
    hidden(`, ${model.when(one.s, one.e)}, ${model.lanes.get(lane).name}`),
    chip ? null : el("span", { class: "tr-grip", "data-grip": true }),
  );
}

/** Who a lane belongs to, and how they are. */
export function head(model, lane, canBlock) {
  const initials = lane.name.split(/\s+/).map((word) => word[0]).slice(0, 2).join("");
  const share = lane.works ? Math.round((100 * lane.booked) / lane.works) : 0;
  const face = el("span", { class: "tr-lane-face", "aria-hidden": "true" }, initials);
  face.style.setProperty("--tr-lane", lane.color);
  const state = lane.state ? stateOf(model, lane.state) : null;
  const load = el("progress", { max: 100, value: Math.min(100, share), "aria-label": `Booked: ${share} percent` });
  if (share > 100) load.dataset.over = "";
  return el(
    "header",
    { class: "tr-lane-head" },
    face,
    el(
      "div",
      { class: "tr-lane-who" },
      el("a", { class: "tr-lane-name", href: `/technicians/${lane.id}` }, lane.name),
      state,
      el("span", { class: "tr-lane-load" }, load, el("span", {}, lane.works ? `${hours(lane.booked)} of ${hours(lane.works)}` : lane.booked ? hours(lane.booked) : "Off")),
    ),
    canBlock ? el("button", { type: "button", class: "tr-lane-add", "data-add-block": lane.id, title: `Add a block for ${lane.name}` }, icon("plus", 14), el("span", { class: "visually-hidden" }, `Add a block for ${lane.name}`)) : null,
  );
}

function stateOf(model, { word, tone, icon: glyph, since }) {
  const forgot = since && !model.isToday(since); // clocked in on another day: nobody works that long
  const words = forgot ? `${word} since ${model.since(since)}` : since ? `${word}, ${model.time(since)}` : word;
  return el("span", { class: `tr-lane-state is-${forgot ? "warning" : tone}`, title: words }, icon(forgot ? "alarm-clock" : glyph, 12), el("span", { class: "tr-visit-text" }, forgot ? `Since ${model.since(since)}` : words));
}

function hours(minutes) {
  const whole = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return rest || !whole ? (whole ? `${whole} h ${rest}` : `${rest} min`) : `${whole} h`;
}
