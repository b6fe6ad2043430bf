// What the board knows: the data of the page, times in the organization's zone, what is in the way as far as the data tells.
export const MINUTE = 60;
export const HOUR = 3600;
export const SNAP = 15 * MINUTE;

const STEP_WORDS = { low: "Low", normal: "Normal", high: "High", urgent: "Urgent" };

/** One board's data and what can be asked of it. Times are seconds since 1970. */
export class Model {
  constructor(data, words) {
    this.words = words;
    this.take(data);
  }

  take(data) {
    this.data = data;
    const zone = { timeZone: data.zone };
    this.clock = new Intl.DateTimeFormat("en-US", { ...zone, hour: "numeric", minute: "2-digit" });
    this.hour = new Intl.DateTimeFormat("en-US", { ...zone, hour: "numeric" });
    this.day = new Intl.DateTimeFormat("en-US", { ...zone, weekday: "short", month: "short", day: "numeric" });
    this.lanes = new Map(data.lanes.map((lane) => [lane.id, lane]));
    this.visits = new Map(Object.values(data.visits).map((visit) => [visit.id, visit]));
    this.waiting = new Map(data.tray.map((visit) => [visit.id, visit]));
  }

  visit(id) {
    return this.visits.get(id) ?? this.waiting.get(id);
  }

  block(id) {
    for (const lane of this.data.lanes) {
      const found = lane.blocks.find((block) => block.id === id);
      if (found) return { ...found, lane: lane.id };
    }
    return undefined;
  }

  time(seconds) {
    return this.clock.format(new Date(seconds * 1000)).replace(":00", "").replace(/\s/g, " ");
  }

  isToday(seconds) {
    return this.day.format(new Date()) === this.day.format(new Date(seconds * 1000));
  }

  /** The weekday and the time of a moment of another day. */
  since(seconds) {
    return `${this.day.format(new Date(seconds * 1000)).split(",")[0]} ${this.time(seconds)}`;
  }

  span(start, end) {
    const [a, b] = [this.time(start), this.time(end)];
    return a.slice(-2) === b.slice(-2) ? `${a.slice(0, -3)}–${b}` : `${a}–${b}`;
  }

  when(start, end) {
    const span = this.span(start, end);
    return this.data.days.length > 1 ? `${this.day.format(new Date(start * 1000))}, ${span}` : span;
  }

  /** Whether a visit is what the filters ask for: others stay on the lanes, paler. */
  fits(visit) {
    const { zones, types } = this.data.filters;
    return (!zones.length || zones.includes(visit.zone)) && (!types.length || types.includes(visit.type));
  }

  status(visit) {
    return this.words.statuses[visit.status];
  }

  /** What a visit is, said in one breath. */
  label(visit) {
    const parts = [visit.title];
    if (visit.cust) parts.push(visit.cust);
    if (visit.s) parts.push(this.when(visit.s, visit.e));
    else parts.push("no time yet");
    const names = visit.crew.map((id) => this.lanes.get(id)?.name).filter(Boolean);
    parts.push(names.join(" and ") || "nobody assigned", this.status(visit));
    if (visit.hold) parts.push(`on hold: ${visit.hold}`);
    if (visit.prio === "high" || visit.prio === "urgent") parts.push(`${STEP_WORDS[visit.prio].toLowerCase()} priority`);
    if (visit.punct) parts.push(visit.punct === "late" ? `${visit.late} minutes late` : "may be late");
    if (visit.conf) parts.push("confirmed");
    if (visit.pin) parts.push("pinned");
    return parts.join(", ");
  }

  /** How long a visit is on the board. */
  length(visit) {
    return visit.s ? visit.e - visit.s : visit.min * MINUTE;
  }

  /** The crew when a visit goes from one lane to another: the others stay with it. */
  crew(visit, from, to) {
    const at = from ?? visit.crew[0];
    if (at == null || !visit.crew.includes(at)) return [to, ...visit.crew.filter((id) => id !== to)].slice(0, Math.max(1, visit.crew.length));
    return [...new Set(visit.crew.map((id) => (id === at ? to : id)))];
  }

  /** What is in the way as far as the data tells, at once; the server knows the rest. */
  near(what, laneId, start, end) {
    const lane = this.lanes.get(laneId);
    const found = [];
    if (!lane) return found;
    const first = lane.name.split(" ")[0];
    if (what.kind === "visit") {
      for (const id of lane.visits) {
        const other = this.visits.get(id);
        if (id !== what.id && other.status !== "completed" && other.s < end && start < other.e) found.push({ kind: "job", message: `${lane.name} has “${other.title}” ${this.span(other.s, other.e)}.` });
      }
    }
    for (const block of lane.blocks) {
      if ((what.kind !== "block" || block.id !== what.id) && block.s < end && start < block.e) found.push({ kind: "block", message: `${lane.name} has ${block.title.toLowerCase()} ${this.span(block.s, block.e)}.` });
    }
    if (lane.known && !lane.hours.some(([a, b]) => a <= start && end <= b)) found.push({ kind: "shift", message: lane.hours.length ? `${first} works ${lane.hours.map(([a, b]) => this.span(a, b)).join(", ")}.` : `${first} does not work that day.` });
    return found;
  }

  /** The first stretch of a lane's day that a visit fits into. */
  gap(laneId, day, length) {
    const lane = this.lanes.get(laneId);
    const now = Math.ceil(Date.now() / 1000 / SNAP) * SNAP;
    const hours = lane.hours.filter(([a]) => a >= day.starts && a < day.ends);
    const busy = [...lane.visits.map((id) => this.visits.get(id)), ...lane.blocks].map((one) => [one.s, one.e]).sort((a, b) => a[0] - b[0]);
    for (const [from, until] of hours) {
      let at = Math.max(from, now < day.ends && now > day.starts ? now : from);
      for (const [a, b] of busy) if (a < at + length && b > at) at = Math.ceil(b / SNAP) * SNAP;
      if (at + length <= until) return at;
    }
    return hours[0]?.[0] ?? day.starts + 9 * HOUR;
  }
}

export const snapped = (seconds, by = SNAP) => Math.round(seconds / by) * by;
export const iso = (seconds) => new Date(seconds * 1000).toISOString();
