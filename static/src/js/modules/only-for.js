// Fields that matter only for some choices: <div data-only-for="product" data-values="field growth"> shows while the
// form's field `product` holds one of these. Without JavaScript all of them show, and their hints say when they count.
import { listen } from "../dom.js";

export default function onlyFor(element) {
  const form = element.closest("form");
  const follow = () => {
    const value = new FormData(form).get(element.dataset.onlyFor) ?? "";
    element.hidden = !element.dataset.values.split(" ").includes(value);
  };
  follow();
  return listen(form, { change: follow, reset: () => setTimeout(follow) });
}
