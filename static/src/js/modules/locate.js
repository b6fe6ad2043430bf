// A form with fields "latitude" and "longitude" takes the phone's position along, if it may have it. It never waits long
// for it: a position is a help, the form is what matters.
const WAIT_MS = 3000;
const OLD_MS = 60000;

export default function locate(form) {
  const { latitude, longitude } = form.elements;
  if (!navigator.geolocation || !latitude || !longitude) return undefined;
  let asked = false;

  const ask = (then) =>
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        latitude.value = coords.latitude.toFixed(6);
        longitude.value = coords.longitude.toFixed(6);
        then?.();
      },
      () => then?.(),
      { timeout: WAIT_MS, maximumAge: OLD_MS },
    );

  // Where the person has agreed before, it is found while they look at the page.
  navigator.permissions?.query({ name: "geolocation" }).then(({ state }) => {
    if (state === "granted") ask();
    if (state === "denied") asked = true;
  });

  const before = (event) => {
    if (asked || latitude.value) return;
    asked = true;
    event.preventDefault();
    const { submitter } = event;
    submitter?.setAttribute("aria-busy", "true");
    let sent = false;
    const go = () => {
      if (sent) return;
      sent = true;
      submitter?.removeAttribute("aria-busy");
      form.requestSubmit(submitter);
    };
    setTimeout(go, WAIT_MS + 500); // a person who is still deciding need not be waited for
    ask(go);
  };
  form.addEventListener("submit", before);
  return () => form.removeEventListener("submit", before);
}
