// The dispatch board: draws lanes and tray from the page's JSON, keeps them true, and lets them be worked with mouse and keys.
import * as card from "../../board/card.js";
import * as day from "../../board/day.js";
import { Model } from "../../board/model.js";
import { movement } from "../../board/move.js";
import { catchUndo, post } from "../../board/send.js";
import { dayStage, weekStage } from "../../board/stage.js";
import * as week from "../../board/week.js";
import { el, listen } from "../../dom.js";
import { toast } from "../../toasts.js";

const MINUTE_MS = 60_000;

export default function board(root) {
  const read = (name) => JSON.parse(root.querySelector(`script[data-${name}]`).textContent);
  const model = new Model(read("board"), read("words"));
  const { may, view } = model.data;
  const frame = root.querySelector("[data-lanes]") ?? root.querySelector("[data-map]");
  const tray = root.querySelector("[data-tray]");
  const list = root.querySelector("[data-tray-list]");
  const find = root.querySelector("[data-tray-find]");
  const drawer = root.querySelector("#drawer");
  const said = root.querySelector("[data-said]");
  const drawing = { day, week }[view];
  let focused = null; // what the arrows stand on: "visit 12"
  let held = 0;
  let wanted = false;
  let source = root.dataset.source;

  // Drawing ----------------------------------------------------------------------------------------------------------

  function draw() {
    const had = document.activeElement?.closest?.("[data-visit], [data-block]");
    const inTray = had && list.contains(had);
    const key = had && root.contains(had) ? name(had) : null;
    drawing?.draw(model, frame, may);
    drawTray();
    rove();
    if (key) (inTray ? list : frame).querySelector(selector(key))?.focus({ preventScroll: true });
    root.dataset.drawn = String(Number(root.dataset.drawn ?? 0) + 1);
    root.boardModel = model;
    root.dispatchEvent(new CustomEvent("board:drawn", { detail: model }));
  }

  function drawTray() {
    const asked = find.value.trim().toLowerCase();
    const shown = model.data.tray.filter((visit) => !asked || `${visit.job} ${visit.title} ${visit.cust} ${visit.street} ${visit.city} ${visit.zip}`.toLowerCase().includes(asked));
    const nothing = { unassigned: "Every job has somebody.", unconfirmed: "Everybody has confirmed for the next three days.", on_hold: "Nothing is on hold.", alerts: "Nothing is in trouble." };
    list.replaceChildren(...shown.map((visit) => card.inTray(model, visit)));
    if (!shown.length) list.append(el("p", { class: "tr-tray-empty" }, asked ? "Nothing in the tray reads like that." : nothing[model.data.tab]));
    for (const [tab, count] of Object.entries(model.data.counts)) {
      const place = tray.querySelector(`[data-count="${tab}"]`);
      if (place) place.textContent = count;
    }
  }

  // Keeping it true --------------------------------------------------------------------------------------------------

  async function fetchNow() {
    if (held || moving?.active) {
      wanted = true;
      return;
    }
    wanted = false;
    const asked = source;
    try {
      const answer = await fetch(asked, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const data = await answer.json();
      if (held || moving?.active || asked !== source) {
        wanted = true;
        return;
      }
      const before = new Map([...model.visits, ...model.waiting].map(([id, visit]) => [id, visit.v]));
      model.take(data);
      draw();
      for (const element of root.querySelectorAll("[data-visit]")) {
        const id = Number(element.dataset.visit);
        element.classList.toggle("is-changed", before.get(id) !== model.visit(id).v);
      }
      forecast();
    } catch {
      // the stream or the next minute asks again
    }
  }

  const refresh = {
    later: () => wanted && fetchNow(),
    hold: () => (held += 1),
    free() {
      held = Math.max(0, held - 1);
      refresh.later();
    },
    go() {
      held = Math.max(0, held - 1);
      return fetchNow();
    },
  };

  const stage = view === "week" ? weekStage(model, frame) : dayStage(model, frame);
  const openDialog = (url) => window.htmx.ajax("GET", url, { target: "#dialog", swap: "innerHTML" });
  const moving = movement({ root, frame, tray, model, stage, said, refresh, may, open: openDialog });

  // The drawer -------------------------------------------------------------------------------------------------------

  let opener = null;

  function openVisit(id, from) {
    opener = from ? name(from) : null;
    drawer.hidden = false;
    root.dataset.drawer = id;
    return window.htmx.ajax("GET", `/dispatch/visits/${id}`, { target: "#drawer", swap: "innerHTML" }).then(() => {
      forecast();
      if (opener) root.querySelector(selector(opener))?.scrollIntoView({ block: "nearest", inline: "nearest" });
      drawer.querySelector(".tr-drawer-title")?.focus({ preventScroll: true });
    });
  }

  function closeVisit() {
    if (drawer.hidden) return;
    drawer.hidden = true;
    drawer.replaceChildren();
    delete root.dataset.drawer;
    if (opener) root.querySelector(selector(opener))?.focus({ preventScroll: true });
  }

  function forecast() {
    const line = drawer.querySelector("[data-forecast]");
    const visit = model.visit(Number(root.dataset.drawer));
    if (!line || !visit?.punct) return;
    line.hidden = false;
    line.dataset.tone = visit.punct === "late" ? "danger" : "warning";
    line.textContent = `As the day goes: there at ${model.time(visit.eta)}${visit.late ? `, ${visit.late} minutes late` : ""}, done at ${model.time(visit.fin)}.`;
  }

  async function change(body) {
    const visit = model.visit(Number(root.dataset.drawer));
    if (!visit) return;
    refresh.hold();
    if (body.pinned != null) {
      const { ok, body: answer } = await post(`/dispatch/visits/${visit.id}/place`, { ...body, version: visit.v });
      toast(ok ? answer.toast : { kind: "danger", text: answer.message });
    } else await moving.settle(visit, body, "in the tray");
    await refresh.go();
  }

  // Keys -------------------------------------------------------------------------------------------------------------

  const name = (element) => (element.dataset.visit ? `visit ${element.dataset.visit} ${element.dataset.lane ?? ""}` : `block ${element.dataset.block} ${element.dataset.lane ?? ""}`);
  const selector = (key) => {
    const [kind, id, lane] = key.split(" ");
    return `[data-${kind}="${id}"]${lane ? `[data-lane="${lane}"]` : ""}`;
  };
  const cards = () => [...frame.querySelectorAll("[data-visit], [data-block]")];

  function rove() {
    if (!drawing) return;
    for (const other of frame.querySelectorAll(":is([data-visit], [data-block])[tabindex='0']")) other.tabIndex = -1;
    const chosen = (focused && frame.querySelector(selector(focused))) || frame.querySelector("[data-visit], [data-block]");
    if (chosen) chosen.tabIndex = 0;
  }

  function stand(element) {
    if (!element) return;
    for (const other of cards()) other.tabIndex = -1;
    element.tabIndex = 0;
    focused = name(element);
    element.focus();
    element.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  function beside(element, way) {
    const mine = [...element.closest("[data-lane-of]").querySelectorAll("[data-visit], [data-block]")];
    return mine[mine.indexOf(element) + way];
  }

  function above(element, way) {
    const lanes = [...frame.querySelectorAll("[data-lane-of]")];
    const box = element.getBoundingClientRect();
    for (let at = lanes.indexOf(element.closest("[data-lane-of]")) + way; lanes[at]; at += way) {
      const there = [...lanes[at].querySelectorAll("[data-visit], [data-block]")];
      const gap = (one) => Math.abs(one.getBoundingClientRect().left - box.left);
      if (there.length) return there.reduce((best, one) => (gap(one) < gap(best) ? one : best));
    }
    return undefined;
  }

  function keydown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && !drawer.hidden && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      closeVisit();
      return;
    }
    const element = event.target.closest("[data-visit], [data-block]");
    if (!element) return;
    const onLane = frame.contains(element) && drawing;
    const inTray = list.contains(element);
    const acts = { m: () => drawing && moving.pickUp(element) };
    if (onLane) {
      acts.ArrowLeft = () => stand(beside(element, -1));
      acts.ArrowRight = () => stand(beside(element, 1));
      acts.ArrowUp = () => stand(above(element, -1));
      acts.ArrowDown = () => stand(above(element, 1));
      acts.Delete = () => element.dataset.visit && takeOff(Number(element.dataset.visit));
    }
    if (inTray) {
      acts.ArrowDown = () => element.nextElementSibling?.focus();
      acts.ArrowUp = () => element.previousElementSibling?.focus();
    }
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  async function takeOff(id) {
    const visit = model.visit(id);
    if (!may.assign || !visit || visit.status === "pending") return;
    refresh.hold();
    await moving.settle(visit, { technician_ids: [] }, "in the tray");
    await refresh.go();
  }

  function click(event) {
    const target = event.target;
    if (target.closest("[data-drawer-close]")) return closeVisit();
    const pin = target.closest("[data-pin]");
    if (pin) return change({ pinned: pin.dataset.pin === "1" });
    if (target.closest("[data-take-off]")) return takeOff(Number(root.dataset.drawer));
    const add = target.closest("[data-add-block]");
    if (add) return openDialog(`/dispatch/blocks/new?technician=${add.dataset.addBlock}${view === "day" ? startOfDay() : ""}`);
    const tab = target.closest("[data-tab]");
    if (tab && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      return choose(tab);
    }
    const element = target.closest("[data-visit], [data-block]");
    if (!element || moving.active) return undefined;
    if (frame.contains(element) && drawing) focused = name(element);
    if (element.dataset.visit) return openVisit(Number(element.dataset.visit), element);
    return may.blocks ? openDialog(`/dispatch/blocks/${element.dataset.block}`) : undefined;
  }

  function startOfDay() {
    const { now, starts, ends, from } = model.data;
    const at = now > starts && now < ends ? Math.ceil(now / 900) * 900 : from + 3600;
    const query = new URLSearchParams({ start: new Date(at * 1000).toISOString(), end: new Date((at + 3600) * 1000).toISOString() });
    return `&${query}`;
  }

  function choose(tab) {
    for (const other of tray.querySelectorAll("[data-tab]")) other.removeAttribute("aria-current");
    tab.setAttribute("aria-current", "true");
    const url = new URL(tab.href);
    history.replaceState(history.state, "", url.pathname + url.search);
    source = `/dispatch/data${url.search}`;
    find.value = "";
    return fetchNow();
  }

  const tick = setInterval(() => {
    // what is late depends on the time: the lanes are asked for anew each minute while somebody looks
    if (!document.hidden) fetchNow();
  }, MINUTE_MS);
  const stops = [
    listen(root, { click, keydown, focusin: (event) => event.target.closest?.("[data-lane-of]") && event.target.matches("[data-visit], [data-block]") && (focused = name(event.target)) }),
    listen(find, { input: drawTray }),
    listen(document.body, { "dispatch-changed": fetchNow, "time-changed": fetchNow, "positions-changed": fetchNow, "sla-changed": fetchNow }),
    listen(root, { "board:open": ({ detail }) => openVisit(detail) }),
    catchUndo(fetchNow),
    () => moving.stop(),
    () => clearInterval(tick),
  ];
  draw();
  if (drawing === day) showNow();
  return () => stops.forEach((stop) => stop());

  /** On a narrow screen the day begins at the present hour. */
  function showNow() {
    const line = frame.querySelector(".tr-lanes-inner.is-live");
    if (!line || frame.scrollWidth <= frame.clientWidth) return;
    const share = Number(line.style.getPropertyValue("--now"));
    frame.scrollLeft = Math.max(0, share * (frame.scrollWidth - 190) - frame.clientWidth / 3);
  }
}
