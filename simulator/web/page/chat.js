// A chat: its people and channels, its messages, and what one types. Slack and
// Teams share how it works; how it looks is in style.css, and how a message's
// card is drawn is handed in.

import { cannotDraw, clock, el, icon, put, swap } from "./dom.js";
import { menu } from "./menu.js";
import { sheet } from "./sheet.js";

const eye = "M2 12c2.4-4.4 5.9-6.6 10-6.6s7.6 2.2 10 6.6c-2.4 4.4-5.9 6.6-10 6.6S4.4 16.4 2 12zM12 9.2a2.8 2.8 0 1 0 0 5.6a2.8 2.8 0 0 0 0-5.6z";
const plane = "M4 4.5l17 7.5l-17 7.5l2.5-7.5zM6.5 12h7";

/**
 * chat fills root with a chat.
 *
 * `sim` asks its simulator; `label` is its name; `examples` are [label, text]
 * to type with a click; `shortcuts` are [label, name] of what the app offers on
 * a person's message; `place(channel)` is how a channel is called; `ackLimit`
 * is how long the platform waits for an acknowledgement, in milliseconds.
 *
 * `route(text, channel, state)` is the {path, text} by which a typed line goes
 * out. `home(view, {name, press})`, where the platform has it, draws the page
 * that the person has with the bot. `body(message, {name, press, ask})` draws a message's content, and
 * `banner(message)` is what stands below it. `front({over, name, press, ask})`
 * returns what is called with every new state to show the dialog in front.
 * `name(id)` is somebody's name; `press(path, body, what, button)` does
 * something in the person's name, on that message or dialog, and says how it
 * went; `ask(path, body)` promises the simulator's answer.
 */
export function chat(root, {
  sim, label, examples, shortcuts, place = (c) => c.name, ackLimit,
  route = (text) => ({ path: "/_sim/say", text }), home, body, banner = () => null, front,
}) {
  let state = { users: [], channels: [], messages: [], violations: [] };
  let person = "";
  let channel = "";
  const seen = new Map(); // channel -> how many of its messages were looked at
  const drawn = new Map(); // person and message id -> {json, node, update}

  let toEnd = true; // the next drawing scrolls to the newest message
  let resting = 0; // where the last such scroll ended
  let lost = false; // the simulator did not answer when it was last asked

  const people = picker("You are", (id) => {
    person = id;
    toEnd = true;
    state = { ...state, view: null, dialog: null, home: null }; // are their person's own
    showFront(state);
    if (atHome) openHome();
    again();
  });
  const places = picker("Channel", (id) => { channel = id; toEnd = true; render(); });
  const live = el("span", { class: "live", attrs: { role: "img" } });
  const violations = el("div", { class: "violations", hidden: true });
  const log = el("div", { class: "messages", attrs: { role: "log", "aria-label": `Messages in ${label}`, tabindex: 0 } });
  const status = el("div", { class: "composer-status", attrs: { role: "status" } });
  const typed = el("textarea", {
    rows: 1, spellcheck: false, autocomplete: "off", maxLength: 3000,
    on: {
      keydown: (e) => {
        if (e.key === "Enter" && !e.shiftKey && !e.isComposing) { e.preventDefault(); send(); }
      },
    },
  });
  const avatarSlot = el("span", { class: "me" });

  // The two tabs of the bot: its messages, and the page of this person.
  let atHome = false;
  let pageDrawn = "";
  const page = el("div", { class: "home", hidden: true, attrs: { role: "tabpanel", "aria-label": "Home", tabindex: 0 } });
  const tab = (text, on) => el("button", {
    type: "button", class: "tab", attrs: { role: "tab", "aria-selected": String(!on) }, on: { click: () => turn(on) },
  }, text);
  const tabs = home ? [tab("Messages", false), tab("Home", true)] : [];
  const openHome = () => deliver("/_sim/home", {}, "Opening the page");
  function turn(to) {
    atHome = to;
    tabs.forEach((t, i) => t.setAttribute("aria-selected", String(to === (i === 1))));
    page.hidden = !to;
    for (const n of [log, composer, places.node]) n.hidden = to;
    if (to) openHome();
  }

  const composer = el("form", { class: "composer", on: { submit: (e) => { e.preventDefault(); send(); } } },
    el("div", { class: "examples" }, el("span", { class: "examples-label" }, "Try"),
      examples.map(([short, full]) => el("button", {
        type: "button", class: "example", title: full,
        on: { click: () => { typed.value = full; typed.focus(); typed.setSelectionRange(full.length, full.length); } },
      }, short))),
    el("div", { class: "box" }, typed,
      el("button", { type: "submit", class: "send", attrs: { "aria-label": "Send" } }, icon(plane))));

  const area = el("div", { class: "area" },
    el("div", { class: "place" }, places.node,
      tabs.length > 0 && el("div", { class: "tabs", attrs: { role: "tablist", "aria-label": `The bot in ${label}` } }, tabs)),
    violations, log, page, composer);

  put(root,
    el("header", { class: "pane-bar" },
      el("h2", {}, label, el("small", {}, "simulated")), live,
      el("div", { class: "who" }, avatarSlot, people.node)),
    area, status);

  const over = sheet(area, [...area.children], typed);
  const showFront = front({ over, name, ...tools("") });

  async function refresh() {
    const asked = person;
    const answer = await sim.get(`/_sim/state?user=${encodeURIComponent(asked)}`);
    if (asked !== person) return; // somebody else is looking by now, and asked too
    state = { ...state, ...answer };
    const first = (list) => list?.[0]?.id ?? "";
    if (!state.users?.some((u) => u.id === person)) {
      person = first(state.users);
      if (person) return refresh();
    }
    if (!state.channels?.some((c) => c.id === channel)) channel = first(state.channels);
    render();
  }

  function name(id) {
    return [...state.users ?? [], ...state.channels ?? []].find((x) => x.id === id)?.name ?? id;
  }

  function render() {
    const messages = state.messages ?? [];
    const here = messages.filter((m) => m.channel === channel);
    const count = (id) => messages.filter((m) => m.channel === id).length;
    if (seen.size === 0) for (const c of state.channels ?? []) seen.set(c.id, count(c.id));
    seen.set(channel, here.length);

    people.show((state.users ?? []).map((u) => [u.id, u.name]), person);
    places.show((state.channels ?? []).map((c) => {
      const unread = count(c.id) - (seen.get(c.id) ?? 0);
      return [c.id, unread > 0 ? `${place(c)}  (${unread} new)` : place(c)];
    }), channel);
    swap(avatarSlot, avatar(name(person)));
    const where = place(state.channels?.find((c) => c.id === channel) ?? { id: "", name: "" });
    typed.setAttribute("aria-label", `Message as ${name(person)} in ${where}`);
    typed.placeholder = `Message ${where}`;
    showViolations();
    renderHome();

    const follow = toEnd || log.scrollTop === resting || log.scrollHeight - log.scrollTop - log.clientHeight < 60;
    const nodes = here.map((m) => {
      const key = `${person} ${m.id}`;
      const json = JSON.stringify(m);
      if (!drawn.has(key)) drawn.set(key, message(m));
      else if (drawn.get(key).json !== json) drawn.get(key).update(m);
      drawn.get(key).json = json;
      return drawn.get(key).node;
    });
    if (nodes.length === 0) nodes.push(empty());
    // What did not change is not touched, so that what is being typed into a card stays.
    const stays = new Set(nodes);
    for (const child of [...log.children]) if (!stays.has(child)) child.remove();
    nodes.forEach((node, i) => { if (log.children[i] !== node) log.insertBefore(node, log.children[i] ?? null); });
    if (follow) {
      // To the end, or to the head of a message that is longer than the pane.
      log.scrollTop = nodes.at(-1).offsetTop - log.offsetTop;
      resting = log.scrollTop;
    }
    toEnd = false;
    showFront(state);
  }

  // renderHome draws the page where it has changed: an answer stands on top.
  function renderHome() {
    const json = JSON.stringify([person, state.home?.blocks]);
    if (!home || json === pageDrawn) return;
    pageDrawn = json;
    swap(page, state.home ? home(state.home, { name, ...tools("") }) : el("div", { class: "empty" }, el("p", {}, "Nothing here yet.")));
    page.scrollTop = 0;
  }

  function empty() {
    return el("div", { class: "empty" }, el("p", {}, `Nothing here yet, ${name(person).split(" ")[0]}.`),
      el("p", {}, "Pick one of the lines below, look at it, and press Enter."));
  }

  // message is a message on the page: update draws of it what has changed, so
  // that what is being typed into its card stays where the card does.
  function message(first) {
    const mine = first.user === person && !first.bot;
    const face = el("span");
    const only = el("div", { class: "only-you" }, icon(eye), "Only visible to you");
    const head = el("div", { class: "message-head" });
    const inside = el("div", { class: "message-content" });
    const below = el("div");
    const node = el("article", {
      class: ["message", mine && "mine", first.bot && "bot"], data: { message: first.id }, tabIndex: -1,
    }, face, el("div", { class: "message-body" }, only, head, inside, below));

    let content = "";
    const fill = (m) => {
      const author = m.name ?? name(m.user);
      node.setAttribute("aria-label", `${author}, ${clock(m.time)}`);
      node.classList.toggle("ephemeral", Boolean(m.ephemeral));
      swap(face, avatar(author, m.bot));
      only.hidden = !m.ephemeral;
      const { press } = tools(m.id);
      swap(head, el("strong", {}, author), m.bot && el("span", { class: "tag" }, "APP"),
        el("time", {}, clock(m.time)), m.edited && el("span", { class: "edited" }, "edited"),
        !m.bot && !m.ephemeral && menu(`Actions on this message of ${author}`,
          shortcuts.map(([text, name]) => [text, () => press("/_sim/shortcut", { name }, "The shortcut")])));
      const now = JSON.stringify([m.text, m.blocks, m.card]);
      if (now !== content) swap(inside, drawContent(m));
      content = now;
      swap(below, banner(m));
    };
    fill(first);
    return {
      node,
      update(m) {
        const focused = node.contains(document.activeElement);
        fill(m);
        // The keyboard goes from a button that is no more to the message that it was in.
        if (focused && !node.contains(document.activeElement)) node.focus({ preventScroll: true });
        node.classList.remove("redrawn");
        node.offsetWidth; // is looked at so that the animation begins again
        node.classList.add("redrawn");
      },
    };
  }

  function drawContent(m) {
    try {
      return body(m, { name, ...tools(m.id) });
    } catch (err) {
      return cannotDraw("this message:", err.message);
    }
  }

  // tools are what a drawn message can do; without an id, what a dialog can.
  function tools(id) {
    return {
      async press(path, body, what, button) {
        button?.setAttribute("aria-busy", "true");
        await deliver(path, { message: id, ...body }, what);
        button?.removeAttribute("aria-busy");
      },
      async ask(path, body) {
        const answer = await sim.post(path, { user: person, message: id, ...body });
        if (answer?.error) throw new Error(answer.error);
        return answer;
      },
    };
  }

  // deliver does something in the person's name, tells how that went, and
  // whether the platform is content.
  async function deliver(path, body, what) {
    try {
      return tell(await sim.post(path, { user: person, ...body }), what);
    } catch (err) {
      say(`${what} was not delivered: ${err.message}`, "bad");
      return false;
    } finally {
      again();
    }
  }

  async function send() {
    const text = typed.value.trim();
    if (!text) return;
    typed.value = "";
    say("Sending", "");
    const way = route(text, state.channels.find((c) => c.id === channel), state);
    toEnd = true;
    if (!await deliver(way.path, { channel, text: way.text }, "It")) typed.value ||= text;
    toEnd = true;
  }

  // tell shows what the platform saw of the bot's acknowledgement, and says
  // whether it would have been content.
  function tell(answer, what) {
    const took = Number.isFinite(answer?.ack_ms) ? ` after ${answer.ack_ms} ms of at most ${ackLimit}` : "";
    const ok = !answer?.error && (answer?.status ?? 200) < 400;
    if (answer?.errors) say(`${what} came back with something to correct${took}`, "bad");
    else if (ok && answer?.status === 0) say(`The bot was told nothing of this, as in the real ${label}`, "");
    else if (ok) say(`${what} was acknowledged${took}`, "good");
    else say(`${label} is not content: ${answer.error || `status ${answer.status}`}${took && `, answered${took}`}`, "bad");
    return ok;
  }

  function say(text, tone) {
    status.textContent = text;
    status.dataset.tone = tone;
  }

  function showViolations() {
    const list = state.violations ?? [];
    violations.hidden = list.length === 0;
    if (list.length === 0) return;
    const open = violations.querySelector("details")?.open ?? false;
    swap(violations, el("details", { open },
      el("summary", {}, `${label} would not have accepted this (${list.length})`),
      el("ul", {}, list.map((v) => el("li", {}, typeof v === "string" ? v : v.what ?? v.text ?? JSON.stringify(v))))));
  }

  const again = sim.watch(refresh, (up, why) => {
    live.className = `live ${up ? "up" : "down"}`;
    live.setAttribute("aria-label", up ? "connected" : "no answer from the simulator");
    live.title = live.getAttribute("aria-label");
    if (!up) say(`The simulated ${label} does not answer${why ? `: ${why}` : ""}. Is bot demo still running?`, "bad");
    else if (lost) say("", ""); // and not what was said of a click meanwhile
    lost = !up;
  });
}

// picker is a labelled select that keeps its options unless they change.
function picker(label, choose) {
  const select = el("select", { attrs: { "aria-label": label }, on: { change: () => choose(select.value) } });
  let shown = "";
  return {
    node: select,
    show(options, value) {
      const now = JSON.stringify(options);
      if (now !== shown) {
        shown = now;
        swap(select, options.map(([id, text]) => el("option", { value: id }, text)));
      }
      select.value = value;
    },
  };
}

function avatar(name, bot) {
  const initials = String(name || "?").split(/\s+/).map((w) => w[0]).slice(0, 2).join("").toUpperCase();
  const hue = [...String(name)].reduce((sum, c) => sum + c.codePointAt(0), 0) % 6;
  return el("span", { class: ["avatar", bot ? "avatar-bot" : `hue-${hue}`], attrs: { "aria-hidden": "true" } }, bot ? "S" : initials);
}
