import { el, icon } from "./dom.js";

const cross = "M6 6l12 12M18 6L6 18";

/**
 * sheet is the dialog in front of a pane: the elements `behind` it wait until
 * it is gone, the other panes do not. `home` gets the keyboard where what had
 * it before is no more.
 */
export function sheet(pane, behind, home) {
  let shown = null; // {node, box, before}

  const has = (node) => Boolean(node?.contains(document.activeElement));

  return {
    /**
     * show puts up a dialog, in the place of the one there is. `close` is
     * called for the cross and the Escape key, `submit` for the Enter key in a
     * field and for a submit button; both only ask, and hide() is what takes
     * it away.
     */
    show({ title, body, foot, close, submit }) {
      const active = document.activeElement;
      const mine = active === document.body || pane.contains(active);
      const before = shown?.before ?? (pane.contains(active) ? active : home);
      const id = `sheet-${crypto.randomUUID()}`;
      const box = el("form", {
        class: "dialog", noValidate: true, tabIndex: -1, attrs: { role: "dialog", "aria-labelledby": id },
        on: {
          submit: (e) => { e.preventDefault(); submit?.(); },
          keydown: (e) => { if (e.key === "Escape" && !e.defaultPrevented) { e.preventDefault(); close(); } },
        },
      },
      el("header", { class: "dialog-head" }, el("h3", { id }, title),
        el("button", { type: "button", class: "dialog-cross", attrs: { "aria-label": "Close" }, on: { click: close } }, icon(cross))),
      el("div", { class: "dialog-body" }, body),
      foot && el("footer", { class: "dialog-foot" }, foot));
      const node = el("div", { class: "sheet" }, box);
      shown?.node.remove();
      pane.append(node);
      for (const b of behind) b.inert = true;
      shown = { node, box, before };
      if (!mine) return; // somebody is typing in another pane
      (box.contains(active) ? active : box.querySelector(".dialog-body :is(input, textarea, select, button)") ?? box).focus();
    },

    hide() {
      if (!shown) return;
      const { node, before } = shown;
      const mine = document.activeElement === document.body || has(node);
      shown = null;
      node.remove();
      for (const b of behind) b.inert = false;
      if (mine) (before.isConnected ? before : home).focus({ preventScroll: true });
    },
  };
}
