// What the phone keeps, in IndexedDB: for each person a database of their own (their day, their queue), and beside them
// the name of the person who is here. Used by the pages and by the service worker alike.
import { openDB } from "idb";

const HERE = "truckroll-phone";
const VERSION = 1;
const open = new Map();

function database(name, upgrade) {
  if (!open.has(name)) {
    const opening = openDB(name, VERSION, {
      upgrade,
      // A newer version of the application opens it in another tab: let it.
      blocking: (_current, _blocked, event) => {
        event.target.close();
        open.delete(name);
      },
      terminated: () => open.delete(name),
    });
    opening.catch(() => open.delete(name));
    open.set(name, opening);
  }
  return open.get(name);
}

const here = () => database(HERE, (db) => db.createObjectStore("meta"));
const own = (person) =>
  database(`${HERE}-${person}`, (db) => {
    db.createObjectStore("kept");
    db.createObjectStore("queue", { keyPath: "id", autoIncrement: true });
  });

/** Whose phone it is at present; undefined before anybody signed in, and after they signed out. */
export async function present() {
  return (await here()).get("meta", "present");
}

/** Another person is here from now on: what the one before had kept is gone, but not what they have not sent. */
export async function enter(person) {
  const before = await present();
  if (before && before !== person) await forget(before);
  await (await here()).put("meta", person, "present");
}

/** What was kept for a person is wiped; what is not sent yet waits for them to come back. */
async function forget(person) {
  const db = await own(person);
  await db.clear("kept");
  for (const action of await db.getAll("queue")) if (action.state === "done") await db.delete("queue", action.id);
}

/** After signing out nothing of the person can be read on this phone. */
export async function leave() {
  const person = await present();
  if (!person) return;
  await forget(person);
  await (await here()).delete("meta", "present");
}

export const get = async (person, name) => (await own(person)).get("kept", name);
export const put = async (person, name, value) => (await own(person)).put("kept", value, name);

/** Everything of the queue in its order: waiting, sent but not seen back yet, and refused. */
export const actions = async (person) => (await own(person)).getAll("queue");
export const addAction = async (person, action) => (await own(person)).add("queue", action);
export const putAction = async (person, action) => (await own(person)).put("queue", action);
/** More about an action that is not sent yet; what is sent stays as it was sent. */
export async function addToAction(person, id, more) {
  const change = (await own(person)).transaction("queue", "readwrite");
  const action = await change.store.get(id);
  if (action?.state === "waiting") await change.store.put({ ...action, data: { ...action.data, ...more } });
  await change.done;
}
export const dropAction = async (person, id) => (await own(person)).delete("queue", id);

// Pictures are kept beside the day, one by one: `forget` wipes them with it.
const PICTURE = "picture-";

/** Every picture that is kept, by its number: {type, bytes}. */
export async function pictures(person) {
  const db = await own(person);
  const range = IDBKeyRange.bound(PICTURE, `${PICTURE}\uffff`);
  const [names, found] = await Promise.all([db.getAllKeys("kept", range), db.getAll("kept", range)]);
  return new Map(names.map((name, at) => [Number(name.slice(PICTURE.length)), found[at]]));
}

export const putPicture = (person, id, picture) => put(person, PICTURE + id, picture);
export const dropPicture = async (person, id) => (await own(person)).delete("kept", PICTURE + id);
