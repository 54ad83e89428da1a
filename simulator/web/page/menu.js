import { el } from "./dom.js";

/**
 * menu makes a "⋯" button with a menu of [what it says, what it does]; label
 * is the name of both. The browser puts it beside the button and closes it.
 */
export function menu(label, entries) {
  const list = el("div", { class: "menu", attrs: { popover: "auto", role: "menu", "aria-label": label } },
    entries.map(([text, act], i) => el("button", {
      type: "button", attrs: { role: "menuitem", autofocus: i === 0 },
      on: { click: () => { list.hidePopover(); act(); } },
    }, text)));
  const button = el("button", {
    type: "button", class: "dots", popoverTargetElement: list,
    attrs: { "aria-label": label, "aria-haspopup": "menu" },
  }, "⋯");
  list.addEventListener("keydown", (e) => {
    const items = [...list.children];
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[e.key];
    if (e.key === "Tab") list.hidePopover();
    if (to === undefined) return;
    e.preventDefault();
    items[to % items.length].focus();
  });
  return [button, list];
}
