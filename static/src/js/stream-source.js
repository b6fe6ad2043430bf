// The EventSource itself: named events without payload, told on as {name}; {down: true} when the server will not have us.
const AGAIN_MS = 15000;

export function source(url, tell) {
  const names = new Set();
  let events;
  let timer;
  let lost = false;
  const heard = (event) => tell({ name: event.type });

  function open() {
    events = new EventSource(url, { withCredentials: true });
    for (const name of names) events.addEventListener(name, heard);
    events.onopen = () => {
      tell({ up: true });
      // A new connection has no Last-Event-ID: what was missed is asked for by everybody once.
      if (lost) for (const name of names) tell({ name });
      lost = false;
    };
    events.onerror = () => {
      // While connecting, the browser tries again by itself and sends Last-Event-ID.
      if (events.readyState !== EventSource.CLOSED) return;
      lost = true;
      tell({ down: true });
      clearTimeout(timer);
      timer = setTimeout(open, AGAIN_MS);
    };
  }

  open();
  return {
    listen(wanted) {
      for (const name of wanted) {
        if (names.has(name)) continue;
        names.add(name);
        events.addEventListener(name, heard);
      }
    },
    close() {
      clearTimeout(timer);
      events.close();
    },
  };
}
