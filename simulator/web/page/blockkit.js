// Block Kit, drawn as Slack draws it. The reference is
// https://docs.slack.dev/reference/block-kit/blocks

import { cannotDraw, clock, el, link, moment, put, visit } from "./dom.js";

/**
 * drawBlocks draws a message's blocks. `act` is called with {action_id,
 * value, button} when a button is pressed; `open` with the address of a
 * pressed link, and says whether it took care of it; `names` looks up the
 * name of a user or channel id; `input` draws an input block, which only
 * modals have here.
 */
export function drawBlocks(blocks, { act, open, names = (id) => id, input }) {
  const how = { act, open, names, input };
  return el("div", { class: "bk" }, blocks.map((b) => drawBlock(b, how)));
}

function drawBlock(block, how) {
  switch (block?.type) {
    case "header":
      return el("h3", { class: "bk-header" }, plain(block.text));
    case "divider":
      return el("hr", { class: "bk-divider" });
    case "section":
      return section(block, how);
    case "context":
      return el("div", { class: "bk-context" }, (block.elements ?? []).map((e) => (
        e.type === "mrkdwn" || e.type === "plain_text"
          ? el("span", {}, text(e, how))
          : cannotDraw(`${e.type} in a context block`))));
    case "actions":
      return el("div", { class: "bk-actions" }, (block.elements ?? []).map((e) => interactive(e, how)));
    case "rich_text":
      return el("div", { class: "bk-rich" }, (block.elements ?? []).map((e) => rich(e, how)));
    case "table":
      return table(block, how);
    case "input":
      return how.input?.(block) ?? cannotDraw("input", "outside of a modal");
    default:
      return cannotDraw(block?.type);
  }
}

function section(block, how) {
  const body = el("div", { class: "bk-section-body" });
  if (block.text) put(body, el("div", { class: "bk-text" }, text(block.text, how)));
  if (block.fields) {
    put(body, el("div", { class: "bk-fields" },
      block.fields.map((f) => el("div", { class: "bk-field" }, text(f, how)))));
  }
  return el("div", { class: "bk-section" }, body,
    block.accessory && el("div", { class: "bk-accessory" }, interactive(block.accessory, how)));
}

function interactive(e, { act, open }) {
  if (e?.type !== "button") return cannotDraw(e?.type);
  return el("button", {
    type: "button",
    class: ["bk-button", e.style && `bk-${e.style}`],
    data: { actionId: e.action_id ?? "" },
    attrs: { "aria-label": e.accessibility_label },
    on: {
      click: ({ currentTarget }) => {
        if (e.url) visit(e.url, open);
        // A link button sends its payload too, and the app has to acknowledge it.
        if (e.action_id) act?.({ action_id: e.action_id, value: e.value ?? "", button: currentTarget });
      },
    },
  }, plain(e.text));
}

function table(block, how) {
  const align = (i) => block.column_settings?.[i]?.align ?? "left";
  const cell = (c) => {
    switch (c?.type) {
      case "raw_text": return c.text;
      case "raw_number": return c.text ?? String(c.value);
      case "rich_text": return (c.elements ?? []).map((e) => rich(e, how));
      default: return cannotDraw(`${c?.type} in a table`);
    }
  };
  const row = (tag) => (cells) => el("tr", {}, cells.map((c, i) => (
    el(tag, { class: `align-${align(i)}`, scope: tag === "th" ? "col" : undefined }, cell(c)))));
  const [head, ...rest] = block.rows ?? [];
  return el("div", { class: "bk-table", attrs: { tabindex: 0, role: "region", "aria-label": "Table" } },
    el("table", {}, head && el("thead", {}, row("th")(head)), el("tbody", {}, rest.map(row("td")))));
}

// Rich text: its text elements are literal, nothing in them is markup.

function rich(e, how) {
  const inner = () => (e.elements ?? []).map((i) => inline(i, how));
  const border = e.border ? "bk-border" : "";
  switch (e?.type) {
    case "rich_text_section":
      return el("div", { class: "bk-rich-section" }, inner());
    case "rich_text_quote":
      return el("blockquote", { class: "bk-quote" }, inner());
    case "rich_text_preformatted":
      return el("pre", { class: ["bk-pre", border], attrs: { tabindex: 0 } }, inner());
    case "rich_text_list": {
      const ordered = e.style === "ordered";
      return el(ordered ? "ol" : "ul", {
        class: ["bk-list", border, `bk-indent-${Math.min(e.indent ?? 0, 8)}`],
        start: ordered ? (e.offset ?? 0) + 1 : undefined,
      }, (e.elements ?? []).map((item) => el("li", {}, rich(item, how))));
    }
    default:
      return cannotDraw(e?.type);
  }
}

function inline(e, { open, names }) {
  switch (e?.type) {
    case "text": return styled(e.text, e.style);
    case "link": return styled(link(e.url, e.text || e.url, open), e.style);
    case "emoji": return styled(emoji(e), e.style);
    case "user": return mention(`@${names(e.user_id)}`, e.style);
    case "usergroup": return mention(`@${e.usergroup_id}`, e.style);
    case "channel": return mention(`#${names(e.channel_id).replace(/^#/, "")}`, e.style);
    case "broadcast": return mention(`@${e.range}`, e.style);
    case "date": return styled(when(e.timestamp, e.format, e.fallback), e.style);
    case "color": return el("span", { class: "bk-color" }, swatch(e.value), e.value);
    default: return cannotDraw(`${e?.type} in rich text`);
  }
}

function styled(content, style = {}) {
  const tags = { code: "code", bold: "strong", italic: "em", strike: "s", underline: "u" };
  return Object.entries(tags).reduce(
    (node, [name, tag]) => (style?.[name] ? el(tag, {}, node) : node), content);
}

const mention = (label, style) => styled(el("span", { class: "bk-mention" }, label), style);

function swatch(value) {
  const box = el("span", { class: "bk-swatch" });
  box.style.backgroundColor = value;
  return box;
}

function emoji({ name, unicode }) {
  return unicode
    ? String.fromCodePoint(...unicode.split("-").map((hex) => parseInt(hex, 16)))
    : `:${name}:`;
}

// Text objects.

function plain(object) {
  return object?.text ?? "";
}

function text(object, how) {
  return object?.type === "mrkdwn" ? mrkdwn(object.text ?? "", how) : plain(object);
}

// One alternative for each thing that mrkdwn makes out of plain characters:
// <...>, ```code```, `code`, *bold*, _italic_, ~strike~. The last four only
// stand between a boundary and a boundary.
const markup = /<([^<>\n]+)>|```([^]+?)```|`([^`\n]+)`|(?<![\w*])\*(\S|\S[^*\n]*?\S)\*(?![\w*])|(?<![\w_])_(\S|\S[^_\n]*?\S)_(?![\w_])|(?<![\w~])~(\S|\S[^~\n]*?\S)~(?![\w~])/g;

/** mrkdwn draws Slack's markup, as a list of nodes and text. */
export function mrkdwn(source, how = {}) {
  const out = [];
  let at = 0;
  for (const m of source.matchAll(markup)) {
    out.push(unescape(source.slice(at, m.index)));
    const [whole, angle, fence, code, bold, italic, strike] = m;
    at = m.index + whole.length;
    if (angle !== undefined) out.push(angled(angle, how));
    else if (fence !== undefined) out.push(el("pre", { class: "bk-pre" }, unescape(fence.replace(/^\n/, ""))));
    else if (code !== undefined) out.push(el("code", {}, unescape(code)));
    else if (bold !== undefined) out.push(el("strong", {}, mrkdwn(bold, how)));
    else if (italic !== undefined) out.push(el("em", {}, mrkdwn(italic, how)));
    else out.push(el("s", {}, mrkdwn(strike, how)));
  }
  out.push(unescape(source.slice(at)));
  return out.filter((piece) => piece !== "");
}

function angled(inside, { open, names = (id) => id }) {
  const [target, label] = inside.split(/\|(.*)/s);
  const shown = unescape(label ?? "");
  if (target.startsWith("@")) return mention(`@${shown || names(target.slice(1))}`);
  if (target.startsWith("#")) return mention(`#${(shown || names(target.slice(1))).replace(/^#/, "")}`);
  if (target.startsWith("!date^")) {
    const [, timestamp, format, url] = target.split("^");
    const time = when(timestamp, format, shown);
    return url ? link(url, time, open) : time;
  }
  if (target.startsWith("!")) return mention(`@${shown || target.slice(1).split("^")[0]}`);
  return link(unescape(target), shown || unescape(target), open);
}

function unescape(s) {
  return s.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

// Dates, in the reader's own time zone:
// https://docs.slack.dev/messaging/formatting-message-text#date-formatting

function when(timestamp, format, fallback) {
  const at = moment(timestamp);
  if (!at || !format) return fallback || String(timestamp);
  const long = { year: "numeric", month: "long", day: "numeric" };
  const short = { year: "numeric", month: "short", day: "numeric" };
  const date = (o) => at.toLocaleDateString("en-US", o);
  const pretty = (o) => relativeDay(at) ?? date(o);
  const known = {
    date_num: () => at.toLocaleDateString("en-CA"),
    date_slash: () => date({ year: "numeric", month: "2-digit", day: "2-digit" }),
    date_long: () => date({ ...long, weekday: "long" }),
    date_long_full: () => date({ ...long, weekday: "long" }),
    date_long_pretty: () => pretty({ ...long, weekday: "long" }),
    date: () => date(long),
    date_pretty: () => pretty(long),
    date_short: () => date(short),
    date_short_pretty: () => pretty(short),
    day_divider_pretty: () => pretty({ ...long, weekday: "long" }),
    time: () => clock(timestamp),
    time_secs: () => clock(timestamp, true),
    ago: () => ago(at),
  };
  const shown = format.replace(/\{(\w+)\}/g, (token, name) => known[name]?.() ?? token);
  return el("time", { dateTime: at.toISOString(), title: at.toLocaleString() }, shown);
}

function relativeDay(at) {
  const midnight = (d) => new Date(d.getFullYear(), d.getMonth(), d.getDate());
  const days = Math.round((midnight(at) - midnight(new Date())) / 86400000);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days];
}

function ago(at) {
  const minutes = Math.round((at - Date.now()) / 60000);
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  if (Math.abs(minutes) < 60) return words.format(minutes, "minute");
  if (Math.abs(minutes) < 1440) return words.format(Math.round(minutes / 60), "hour");
  return words.format(Math.round(minutes / 1440), "day");
}
