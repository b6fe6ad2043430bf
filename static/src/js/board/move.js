// Moving what is on the board: with the mouse, a finger, or the keyboard. One path for all three: a ghost shows where it would
// go, what is in the way is said before it is let go, and the server decides.
import { el, listen } from "../dom.js";
import { toast } from "../toasts.js";
import { HOUR, iso, MINUTE, SNAP, snapped } from "./model.js";
import { meanwhile, override, post, reasons } from "./send.js";

const NEAR = 5; // pixels before a press is a drag
const HOLD_MS = 350; // a finger that stays this long picks up
const ASK_MS = 90; // after the last movement, the server is asked

export function movement({ root, frame, tray, model, stage, said, refresh, may, open }) {
  let going = null; // {what, place, from, origin, keys, stretch, grab}
  let timer;
  let known = new Map(); // the server's answers of this drag, by time
  const box = el("div", { class: "tr-hint-box", role: "presentation", hidden: true });
  document.body.append(box);

  // What is moved ---------------------------------------------------------------------------------------------------

  function subject(element) {
    if (element.dataset.visit) {
      const visit = model.visit(Number(element.dataset.visit));
      if (!visit || !may.assign || visit.status === "completed" || visit.status === "cancelled" || visit.hold) return null;
      return { kind: "visit", id: visit.id, visit, s: visit.s, length: model.length(visit), title: visit.title };
    }
    if (!may.blocks) return null;
    const block = model.block(Number(element.dataset.block));
    return block ? { kind: "block", id: block.id, block, s: block.s, length: block.e - block.s, title: block.title } : null;
  }

  function begin(element, what, { keys = false, stretch = false, grab = 0 } = {}) {
    const from = element.dataset.lane ? Number(element.dataset.lane) : null;
    known = new Map();
    going = { what, from, origin: element, keys, stretch, grab, place: null, wished: null };
    root.dataset.moving = what.kind;
    element.classList.add("is-moving");
    if (what.kind === "visit") ask(what.s ?? model.data.from, (what.s ?? model.data.from) + what.length);
    return going;
  }

  function end() {
    if (!going) return;
    going.origin.classList.remove("is-moving");
    delete root.dataset.moving;
    for (const lane of frame.querySelectorAll("[data-unfit]")) delete lane.dataset.unfit;
    clearTimeout(timer);
    stage.hide();
    box.hidden = true;
    tray?.classList.remove("is-target");
    going = null;
    refresh.later();
  }

  // What is in the way -----------------------------------------------------------------------------------------------

  const key = (start, until) => `${start}-${until}`;

  async function ask(start, until) {
    const at = key(start, until);
    if (known.has(at) || going?.what.kind !== "visit") return;
    known.set(at, null);
    const query = new URLSearchParams({ visit: going.what.id, start: iso(start), end: iso(until), crew: Math.max(1, going.what.visit.crew.length) });
    for (const lane of model.data.lanes) query.append("technician", lane.id);
    for (const id of going.what.visit.crew) if (!model.lanes.has(id)) query.append("technician", id);
    try {
      const answer = await fetch(`/dispatch/clashes?${query}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      known.set(at, await answer.json());
    } catch {
      known.delete(at);
      return;
    }
    if (!going) return;
    fade(known.get(at));
    if (going.place && key(going.place.start, going.place.end) === at) tell();
  }

  /** Lanes that cannot take it at any time are paler while it moves. */
  function fade(answer) {
    for (const lane of frame.querySelectorAll("[data-lane-of]")) {
      const never = (answer.lanes[lane.dataset.laneOf] ?? []).filter((clash) => ["skill", "zone", "left"].includes(clash.kind));
      if (never.length) lane.dataset.unfit = never[0].message;
      else delete lane.dataset.unfit;
    }
  }

  /** Everything in the way of the present place: the server's word where it is known, else what the board itself shows. */
  function clashes() {
    const { what, place, from } = going;
    if (place.end <= Date.now() / 1000) return { found: [], sure: true, over: true };
    if (what.kind === "block") {
      const under = model.lanes.get(place.lane).visits.map((id) => model.visits.get(id)).filter((one) => one.s < place.end && place.start < one.e);
      return { found: under.map((one) => ({ kind: "job", message: `“${one.title}” ${model.span(one.s, one.e)} lies under it.` })), sure: true };
    }
    const crew = model.crew(what.visit, from, place.lane);
    const answer = known.get(key(place.start, place.end));
    if (answer) return { found: [...crew.flatMap((id) => answer.lanes[id] ?? []), ...(answer.day ? [answer.day] : [])], sure: true };
    return { found: crew.flatMap((id) => model.near(what, id, place.start, place.end)), sure: false };
  }

  function tell() {
    const { what, place, keys } = going;
    const { found, sure, over } = clashes();
    const lane = model.lanes.get(place.lane);
    const ghost = stage.show(place, what.title, found.length ? "clash" : sure ? "fine" : "unsure");
    if (!ghost) return;
    const words = `${lane.name}, ${model.when(place.start, place.end)}`;
    box.replaceChildren(el("strong", {}, words), found.length ? reasons(found) : el("span", { class: "tr-hint-fine" }, over ? "That time is over: it is written down, not planned." : sure ? "Nothing in the way" : "Looking…"));
    box.dataset.tone = found.length ? "clash" : "fine";
    box.hidden = false;
    const at = ghost.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = box;
    const top = at.bottom + 8 + height < innerHeight ? at.bottom + 8 : Math.max(8, at.top - 8 - height);
    Object.assign(box.style, { top: `${top}px`, left: `${Math.min(Math.max(8, at.left), innerWidth - width - 8)}px` });
    if (keys) {
      ghost.scrollIntoView({ block: "nearest", inline: "nearest" });
      if (sure || found.length) say(`${words}. ${found.length ? `In the way: ${found.map((one) => one.message).join(" ")}` : "Nothing in the way."}`);
    }
  }

  const say = (words) => {
    said.textContent = words;
  };

  function put(place) {
    if (!place) return;
    const { place: old } = going;
    if (old && old.lane === place.lane && old.start === place.start && old.end === place.end) return;
    going.place = place;
    tray?.classList.remove("is-target");
    tell();
    clearTimeout(timer);
    timer = setTimeout(() => going && ask(place.start, place.end), known.size ? ASK_MS : 0);
  }

  function overTray() {
    going.place = null;
    stage.hide();
    tray.classList.add("is-target");
    const stay = others().map((id) => model.lanes.get(id)?.name ?? "somebody");
    box.replaceChildren(el("strong", {}, stay.length ? `Off for ${model.lanes.get(going.from).name}` : "Back to the tray"), el("span", {}, stay.length ? `${stay.join(" and ")} stay${stay.length === 1 ? "s" : ""} on it.` : "Nobody is sent any more."));
    box.dataset.tone = "fine";
    box.hidden = false;
  }

  /** Who stays on a visit when one of several is taken off it. */
  const others = () => going.what.visit.crew.filter((id) => id !== going.from);

  // Letting go -------------------------------------------------------------------------------------------------------

  async function drop() {
    const { what, place, from } = going;
    const toTray = !place && tray?.classList.contains("is-target");
    const same = place && what.s === place.start && what.length === place.end - place.start && (what.kind === "block" ? what.block.lane === place.lane : from === place.lane);
    refresh.hold();
    const lane = place && model.lanes.get(place.lane);
    const origin = going.origin;
    const { keys } = going;
    const stay = toTray ? others() : [];
    end();
    if (same || (!place && !toTray)) {
      refresh.go();
      return;
    }
    if (what.kind === "block") await settleBlock(what, place);
    else {
      const body = toTray ? { technician_ids: stay } : { technician_ids: model.crew(what.visit, from, place.lane), scheduled_start: iso(place.start), scheduled_end: iso(place.end) };
      await settle(what.visit, body, toTray ? "in the tray" : `${lane.name}, ${model.when(place.start, place.end)}`);
    }
    await refresh.go();
    if (keys) root.querySelector(`[data-${what.kind}="${what.id}"]`)?.focus();
    else if (origin.isConnected) origin.blur();
  }

  /** Sends a move until it is done or given up: asks for a reason where something is in the way, shows what others did. */
  async function settle(visit, body, words) {
    let sent = { ...body, version: visit.v };
    for (;;) {
      const { ok, status, body: answer } = await post(`/dispatch/visits/${visit.id}/place`, sent);
      if (ok) {
        toast(answer.toast);
        say(answer.toast.text);
        return true;
      }
      const details = answer.details ?? {};
      if (status === 409 && details.visit) {
        const now = details.visit;
        const names = now.technicians.map((one) => one.name).join(", ") || "Nobody";
        const theirs = now.scheduled_start ? `${names}, ${model.when(Date.parse(now.scheduled_start) / 1000, Date.parse(now.scheduled_end) / 1000)}` : names;
        if (!(await meanwhile(answer.message, theirs, words))) return false;
        sent = { ...sent, version: now.version };
      } else if (status === 409 && (details.clashes || details.overridable)) {
        const reason = await override(`${visit.title}: ${words}`, answer.message, details.clashes ?? [], { mayOverride: may.override && details.overridable !== false });
        if (!reason) return false;
        sent = { ...sent, override_reason: reason };
      } else {
        toast({ kind: "danger", text: answer.message });
        return false;
      }
    }
  }

  async function settleBlock(what, place) {
    const { ok, body } = await post(`/dispatch/blocks/${what.id}/move`, { technician_id: place.lane, starts_at: iso(place.start), ends_at: iso(place.end), version: what.block.v });
    toast(ok ? body.toast : { kind: "danger", text: body.message });
  }

  // Mouse and finger -------------------------------------------------------------------------------------------------

  /** On a narrow screen lanes are lists: visits are moved by the form of their drawer. */
  const narrow = () => matchMedia("(max-width: 760px)").matches;

  function press(event) {
    if (going || narrow() || event.button !== 0 || event.ctrlKey || event.metaKey) return;
    const element = event.target.closest("[data-visit], [data-block]");
    if (element && root.contains(element)) grab(event, element);
    else if (may.blocks && event.pointerType === "mouse" && event.target.matches("[data-track], .tr-off")) range(event);
  }

  function grab(event, element) {
    const what = subject(element);
    if (!what) return;
    const { clientX: x, clientY: y, pointerType: type } = event;
    const stretch = Boolean(event.target.closest("[data-grip]"));
    const held = element.dataset.lane && element.closest("[data-track]") ? stage.seconds(element, x) - what.s : Math.min(what.length / 2, 20 * MINUTE);
    let live = type === "mouse";
    let wait;
    const start = () => begin(element, what, { stretch, grab: stretch ? what.s + what.length - stage.seconds(element, x) : held });
    if (!live) {
      wait = setTimeout(() => {
        live = true;
        start();
        navigator.vibrate?.(15);
      }, HOLD_MS);
    }
    follow(event, {
      move(moved) {
        if (!going) {
          if (Math.hypot(moved.clientX - x, moved.clientY - y) < NEAR) return;
          if (!live) return stop(true);
          start();
        }
        drag(moved);
      },
      up: () => clearTimeout(wait),
      cancel: () => clearTimeout(wait),
    });
    let over = false;
    function stop(quiet) {
      if (over) return;
      over = true;
      clearTimeout(wait);
      if (!quiet) end();
    }
  }

  function drag(event) {
    const { what, stretch, grab: held } = going;
    const over = tray && what.kind === "visit" && going.from != null && !stretch && tray.contains(document.elementFromPoint(event.clientX, event.clientY));
    scrollNear(event);
    if (over) return overTray();
    const by = event.altKey ? 5 * MINUTE : SNAP;
    if (stretch) {
      const until = snapped(stage.seconds(going.origin, event.clientX) + held, by);
      return put({ lane: going.from, start: what.s, end: Math.max(what.s + by, until) });
    }
    const found = stage.under(event.clientX, event.clientY, held, by, what);
    if (found) put(stage.within({ lane: found.lane, start: found.start, end: found.start + what.length }));
    return undefined;
  }

  /** A drag over an empty stretch of a lane makes a block there. */
  function range(event) {
    const track = event.target.closest("[data-track]");
    const first = snapped(stage.seconds(track, event.clientX));
    let place = null;
    follow(event, {
      move(moved) {
        const at = snapped(stage.seconds(track, moved.clientX));
        if (!place && Math.abs(at - first) < SNAP) return;
        place = { lane: Number(track.dataset.track), start: Math.min(first, at), end: Math.max(first, at, Math.min(first, at) + SNAP) };
        stage.show(place, "New block", "new");
      },
      up() {
        if (!place) return;
        const query = new URLSearchParams({ technician: place.lane, start: iso(place.start), end: iso(place.end) });
        open(`/dispatch/blocks/new?${query}`);
        stage.hide();
      },
      cancel: () => stage.hide(),
    });
  }

  /** Follows a pointer until it is let go or Escape is pressed. A click that ends a drag opens nothing. */
  function follow(event, { move, up, cancel }) {
    const controller = new AbortController();
    const { signal } = controller;
    const id = event.pointerId;
    let moved = false;
    refresh.hold(); // what is pressed stays where it is
    const stop = () => {
      controller.abort();
      refresh.free();
      if (moved) addEventListener("click", (click) => (click.preventDefault(), click.stopPropagation()), { capture: true, once: true, signal: AbortSignal.timeout(80) });
    };
    addEventListener("pointermove", (one) => {
      if (one.pointerId !== id) return;
      move(one);
      moved ||= Boolean(going) || root.querySelector(".tr-ghost") !== null;
    }, { signal });
    addEventListener("pointerup", (one) => {
      if (one.pointerId !== id) return;
      stop();
      up?.(one);
      if (going) drop();
    }, { signal });
    const away = () => {
      stop();
      cancel?.();
      end();
    };
    addEventListener("pointercancel", (one) => one.pointerId === id && away(), { signal });
    addEventListener("touchmove", (one) => going && one.preventDefault(), { signal, passive: false });
    addEventListener("keydown", (one) => {
      if (one.key !== "Escape") return;
      one.preventDefault();
      one.stopPropagation();
      say("Nothing was moved.");
      away();
    }, { signal, capture: true });
    addEventListener("blur", away, { signal });
  }

  function scrollNear({ clientX, clientY }) {
    const edge = frame.getBoundingClientRect();
    const pull = (at, low, high) => (at < low + 40 ? -14 : at > high - 40 ? 14 : 0);
    if (clientX > edge.left && clientX < edge.right) frame.scrollBy(pull(clientX, edge.left + 190, edge.right), pull(clientY, edge.top + 30, edge.bottom));
  }

  // Keyboard ---------------------------------------------------------------------------------------------------------

  /** Picks up what has the focus: arrows move it, plus and minus stretch it, Enter puts it down, Escape leaves it. */
  function pickUp(element) {
    const what = subject(element);
    if (!what || !model.data.lanes.length) return say("This cannot be moved.");
    if (narrow()) return open(what.kind === "visit" ? `/jobs/${what.visit.job}/visits/${what.id}/place` : `/dispatch/blocks/${what.id}`);
    begin(element, what, { keys: true });
    const lane = going.from ?? what.visit?.crew.find((id) => model.lanes.has(id)) ?? model.data.lanes[0].id;
    const start = what.s != null && what.s >= model.data.starts && what.s < model.data.ends ? what.s : firstStart(what, lane);
    say(`Moving ${what.title}. Arrows choose the place, plus and minus the length, Enter puts it down, Escape leaves it.`);
    put({ lane, start, end: start + what.length });
    return undefined;
  }

  function firstStart(what, lane) {
    const { days, now } = model.data;
    const day = days.find((one) => one.starts <= now && now < one.ends) ?? days[0];
    const wished = what.visit?.ws;
    if (wished && wished >= model.data.starts && wished < model.data.ends) return wished;
    return model.gap(lane, day, what.length);
  }

  function steer(event) {
    const { place, what } = going;
    const order = model.data.lanes.map((lane) => lane.id);
    const at = order.indexOf(place.lane);
    const lane = (way) => ({ ...place, lane: order[Math.min(Math.max(at + way, 0), order.length - 1)] });
    const acts = {
      ArrowLeft: () => put(stage.within(stage.across(place, -1, event.shiftKey, what))),
      ArrowRight: () => put(stage.within(stage.across(place, 1, event.shiftKey, what))),
      ArrowUp: () => put(lane(-1)),
      ArrowDown: () => put(lane(1)),
      "+": () => put(stage.longer(place, 1)),
      "=": () => put(stage.longer(place, 1)),
      "-": () => put(stage.longer(place, -1)),
      Home: () => put({ ...place, lane: order[0] }),
      End: () => put({ ...place, lane: order.at(-1) }),
      Enter: drop,
      " ": drop,
      Escape: () => {
        const { origin } = going;
        end();
        say("Nothing was moved.");
        origin.focus();
      },
    };
    const act = acts[event.key];
    event.stopPropagation();
    if (!act) return;
    event.preventDefault();
    act();
  }

  const stops = [
    listen(root, { pointerdown: press }),
    listen(document, { keydown: (event) => going?.keys && steer(event) }, { capture: true }),
    listen(root, { focusout: (event) => going?.keys && event.target === going.origin && event.relatedTarget && end() }),
  ];
  return {
    pickUp,
    settle,
    get active() {
      return Boolean(going);
    },
    stop() {
      for (const one of stops) one();
      box.remove();
    },
  };
}

export { HOUR };
