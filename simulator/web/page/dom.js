// Everything on the page is made here, out of elements and text: what comes
// from a simulator is never parsed as HTML.

/**
 * el makes an element. `props` are its properties; `class`, `data` (an object
 * of data attributes), `attrs` (an object of attributes) and `on` (an object
 * of listeners) are special. Children are nodes, text, or nested lists;
 * null, undefined and false are left out.
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (name === "class") node.className = [value].flat().filter(Boolean).join(" ");
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name === "attrs") for (const [k, v] of Object.entries(value)) {
      if (v !== undefined && v !== null && v !== false) node.setAttribute(k, v === true ? "" : v);
    }
    else if (name === "on") for (const [k, v] of Object.entries(value)) node.addEventListener(k, v);
    else node[name] = value;
  }
  return put(node, children);
}

/** put appends children as el does. */
export function put(node, ...children) {
  node.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

/** swap puts children in the place of what node holds. */
export function swap(node, ...children) {
  node.replaceChildren();
  return put(node, children);
}

/** icon draws a line icon from the path data of a 24 by 24 drawing. */
export function icon(path, cls = "icon") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", cls);
  svg.setAttribute("aria-hidden", "true");
  const p = document.createElementNS("http://www.w3.org/2000/svg", "path");
  p.setAttribute("d", path);
  svg.append(p);
  return svg;
}

/** cannotDraw is the box in the place of what a renderer does not know. */
export function cannotDraw(what, why = "") {
  return el("div", { class: "cannot-draw", attrs: { role: "alert" } },
    el("strong", {}, `cannot draw ${what || "an element without a type"}`), why && ` ${why}`);
}

/** safeLink is the address if a browser may be sent there, else "". */
export function safeLink(address) {
  try {
    const url = new URL(address);
    return ["https:", "http:", "mailto:", "tel:"].includes(url.protocol) ? url.href : "";
  } catch {
    return "";
  }
}

/** link makes a link that `open` may take over; without a safe address it is text. */
export function link(address, label, open, cls) {
  const href = safeLink(address);
  if (!href) return el("span", { class: cls }, label);
  return el("a", {
    href, class: cls, target: "_blank", rel: "noopener noreferrer",
    on: { click: (e) => { if (open?.(href)) e.preventDefault(); } },
  }, label);
}

/** visit opens an address in a new tab, if it is safe and `open` does not take it over. */
export function visit(address, open) {
  const href = safeLink(address);
  if (href && !open?.(href)) window.open(href, "_blank", "noopener,noreferrer");
}

/** moment reads a time in any of the forms the simulators write it in. */
export function moment(value) {
  if (value === undefined || value === null || value === "") return null;
  const seconds = Number(value);
  const at = Number.isFinite(seconds)
    ? new Date(seconds > 1e11 ? seconds : seconds * 1000)
    : new Date(value);
  return Number.isNaN(at.getTime()) || at.getUTCFullYear() < 1971 ? null : at;
}

/** clock is the time of day, in 24 hours; "" where there is none. */
export function clock(value, seconds = false) {
  const at = moment(value);
  if (!at) return "";
  const parts = [at.getHours(), at.getMinutes(), ...(seconds ? [at.getSeconds()] : [])];
  return parts.map((n) => String(n).padStart(2, "0")).join(":");
}
