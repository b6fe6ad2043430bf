// The first empty field that finds as one types takes the focus, so that a form begins under the fingers.
export default function firstField(element) {
  const start = () => {
    if (document.activeElement && document.activeElement !== document.body && document.activeElement.id !== "main") return;
    [...element.querySelectorAll("[role=combobox]")].find((input) => !input.value)?.focus();
  };
  // The comboboxes are mounted in the same turn.
  const soon = requestAnimationFrame(start);
  return () => cancelAnimationFrame(soon);
}
