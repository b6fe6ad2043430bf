// Lanes that say the same as before stay as they are: of forty, a move changes two.
const caches = new WeakMap();

/** The elements of all lanes, those that changed drawn anew. `shared`: what every lane depends on besides its own data. */
export function kept(frame, model, shared, draw) {
  const before = caches.get(frame) ?? new Map();
  const now = new Map();
  for (const lane of model.data.lanes) {
    const visits = lane.visits.map((id) => model.visits.get(id));
    const names = visits.flatMap((visit) => visit.crew).map((id) => model.lanes.get(id)?.name);
    const says = JSON.stringify([shared, lane, visits, names]);
    const old = before.get(lane.id);
    now.set(lane.id, old?.says === says ? old : { says, element: draw(lane) });
  }
  caches.set(frame, now);
  return [...now.values()].map((one) => one.element);
}
