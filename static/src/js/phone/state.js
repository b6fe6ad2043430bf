// The day as the technician sees it: what the server said last, and over it what the phone has done since.

const ORDER = ["pending", "dispatched", "acknowledged", "en_route", "on_site", "in_progress", "completed"];
export const NEXT = { dispatched: "acknowledged", acknowledged: "en_route", en_route: "on_site", on_site: "in_progress", in_progress: "completed" };
export const STEP_LABELS = {
  acknowledged: "Acknowledge", en_route: "Start driving", on_site: "I have arrived", in_progress: "Begin work", completed: "Complete job",
};
export const STATUS_WORDS = {
  pending: "Unassigned", dispatched: "Dispatched", acknowledged: "Acknowledged", en_route: "On the way", on_site: "On site",
  in_progress: "In progress", completed: "Completed", cancelled: "Cancelled",
};

const APPLY = {
  status(job, { data }) {
    if (ORDER.indexOf(data.status) > ORDER.indexOf(job.status)) job.status = data.status;
    if (data.outcome) job.outcome = data.outcome;
  },
  outcome: (job, { data }) => (job.outcome = data.outcome),
  checklist(job, { data }) {
    const step = job.steps.find((s) => s.id === data.step_id);
    if (step) Object.assign(step, { done: data.done, note: data.note });
  },
  note: (job, a) => job.notes.unshift({ ...fresh(a), body: a.data.body, public: a.data.public, author: "You" }),
  material: (job, a) => job.materials.push({ ...fresh(a), ...a.data, mine: true }),
  "material-removed": (job, { data }) => (job.materials = job.materials.filter((m) => m.id !== data.material_id)),
  photo: (job, a) => job.files.push({ ...fresh(a), kind: "photo", ...a.data, mine: true, picture: a.picture }),
  signature: (job, a) => job.files.push({ ...fresh(a), kind: "signature", signer: a.data.signer, mine: true, picture: a.picture }),
  "file-removed": (job, { data }) => (job.files = job.files.filter((f) => f.id !== data.file_id)),
  reading(job, a) {
    const unit = job.equipment.find((u) => u.id === a.data.equipment_id);
    unit?.readings.unshift({ ...fresh(a), name: a.data.name, value: a.data.value, unit: a.data.unit });
  },
  sale: (job, a) => job.sales.push({ ...fresh(a), item: a.data.item_name, price_cents: a.data.price_cents, earned_cents: a.answer?.earned_cents }),
};

/** `waits` marks what the server has not got yet. */
const fresh = (action) => ({ id: action.answer?.id, action: action.id, waits: action.state === "waiting", at: new Date(action.at + (action.offset ?? 0)).toISOString() });

const TIME = {
  "clock-in": (clock, at) => Object.assign(clock, { in: true, since: at, break: null, missing: false }),
  "clock-out": (clock) => Object.assign(clock, { in: false, since: null, break: null }),
  break: (clock, at, { data }) => Object.assign(clock, { break: data.kind, break_since: at }),
  "break-end": (clock) => Object.assign(clock, { break: null, break_since: null }),
};

/** The day with the queue's actions over it. Neither is changed. */
export function present(day, actions) {
  const shown = structuredClone(day);
  const byJob = new Map();
  for (const job of shown.jobs) byJob.set(job.id, [...(byJob.get(job.id) ?? []), job]);
  shown.loose = []; // sales without a job
  for (const action of actions) {
    if (action.state === "refused" || (action.state === "done" && action.answer?.outcome === "conflict")) continue;
    for (const job of byJob.get(action.job_id) ?? []) {
      if (action.kind === "status" && action.data.visit_id && action.data.visit_id !== job.visit_id) continue;
      APPLY[action.kind]?.(job, action);
      if (action.state === "waiting") job.waits = (job.waits ?? 0) + 1;
    }
    TIME[action.kind]?.(shown.clock, new Date(action.at + (action.offset ?? 0)).toISOString(), action);
    if (action.kind === "consent") shown.consent = { agreed: action.data.agreed, asked: true };
  }
  return shown;
}

export const isOver = (job) => job.status === "completed" || job.status === "cancelled";
export const requiredOpen = (job) => job.steps.filter((s) => s.required && !s.done && !s.note);

const KINDS = {
  status: (a) => STATUS_WORDS[a.data.status], outcome: () => "What was done", checklist: () => "Checklist", note: () => "Note",
  material: (a) => `Material: ${a.data.description}`, "material-removed": () => "Material removed", photo: () => "Photo", signature: () => "Signature",
  "file-removed": () => "Photo removed", reading: (a) => `Reading: ${a.data.name}`, sale: (a) => `Sale: ${a.data.item_name}`, "clock-in": () => "Clocked in",
  "clock-out": () => "Clocked out", break: () => "Break", "break-end": () => "Break over", consent: () => "Consent to positions",
};
export const named = (action) => KINDS[action.kind]?.(action) ?? action.kind;
