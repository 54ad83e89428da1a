// The simulated Syncro: its records, the requests it got, and ways to trouble it.

import { clock, el, moment, put, swap } from "./dom.js";

// The kinds of trouble as the simulator names them, in words that follow
// "Syncro", and how long they take where they do.
const faults = [
  ["commit then reset", "does it, then cuts the connection"],
  ["commit then 500", "does it, then answers 500"],
  ["html after commit", "does it, then answers 200 with a web page"],
  ["reset before commit", "cuts the connection and does nothing"],
  ["late commit", "cuts the connection and does it 15 s later", "15s"],
  ["429", "does nothing and answers 429"],
  ["slow", "takes 10 s over it", "10s"],
];

// What the trouble may be for: [words that follow "the next", method, path].
const targets = [
  ["comment", "POST", "/tickets/*/comment"],
  ["change of a ticket", "PUT", "/tickets/*"],
  ["invoice", "POST", "/invoices"],
  ["look at a ticket", "GET", "/tickets/*"],
  ["request of any kind", "", ""],
];

/**
 * syncro fills root with the records. It returns {open}, which shows the
 * ticket that an address is for, and says whether there is one.
 */
export function syncro(root, { sim }) {
  let records = {};
  let before = null; // ticket id -> what it was, to see what changed
  const changed = new Map(); // ticket id -> what changed, until it is looked at
  let chosen = null; // the id of the ticket that is shown, or null for the list
  let drawn = ""; // what the ticket shown was drawn from

  const live = el("span", { class: "live", attrs: { role: "img" } });
  const bar = el("span", { class: "meter-bar" });
  const meter = el("div", { class: "meter", attrs: { role: "meter", "aria-label": "Requests this minute", "aria-valuemin": 0 } }, bar);
  const meterText = el("span", { class: "meter-text" });
  const tickets = el("div", { class: "tickets scroll", attrs: { tabindex: 0, role: "region", "aria-label": "Tickets" } });
  const requests = el("div", { class: "requests scroll", attrs: { tabindex: 0, role: "region", "aria-label": "Requests" } });
  const onlyWrites = el("input", { type: "checkbox", on: { change: () => showRequests() } });
  const armed = el("div", { class: "armed", attrs: { role: "status" } });

  put(root,
    el("header", { class: "pane-bar" },
      el("h2", {}, "Syncro", el("small", {}, "simulated")), live, faultMenu()),
    el("div", { class: "budget" }, el("span", {}, "Requests this minute"), meter, meterText),
    armed,
    tickets,
    el("div", { class: "strip" }, el("h3", {}, "What Syncro was asked"),
      el("label", { class: "check" }, onlyWrites, "changes only")),
    requests);

  async function refresh() {
    records = await sim.get("/_sim/records") ?? {};
    notice();
    showBudget();
    showTickets();
    showRequests();
    showArmed();
  }

  // notice finds what changed since the last look.
  function notice() {
    const now = new Map(list("tickets").map((t) => [t.id, t]));
    for (const [id, t] of before ? now : []) {
      const what = difference(before.get(id), t);
      if (what && id !== chosen) changed.set(id, what);
    }
    before = now;
  }

  function showBudget() {
    const used = records.used ?? 0;
    const limit = records.limit ?? 180;
    bar.style.width = `${Math.min(100, (100 * used) / limit)}%`;
    meter.dataset.level = used >= limit ? "full" : used > 0.8 * limit ? "high" : "fine";
    meter.setAttribute("aria-valuemax", limit);
    meter.setAttribute("aria-valuenow", used);
    meterText.textContent = `${used} of ${limit}`;
  }

  function showTickets() {
    const ticket = chosen !== null && list("tickets").find((t) => t.id === chosen);
    const source = JSON.stringify(ticket ? [ticket, invoicesOf(ticket)] : [list("tickets"), [...changed]]);
    if (source === drawn) return;
    drawn = source;
    if (!ticket) {
      swap(tickets, el("ul", { class: "ticket-list" }, newestFirst(list("tickets"), "updated").map(row)));
      return;
    }
    // What somebody is writing into the form outlives a change of the ticket.
    const form = tickets.querySelector("form.person");
    if (form?.dataset.ticket === String(ticket.id)) swap(form.previousSibling, detail(ticket));
    else swap(tickets, el("div", {}, detail(ticket)), person(ticket));
  }

  function row(t) {
    const what = changed.get(t.id);
    return el("li", {}, el("button", {
      type: "button", class: ["ticket-row", what && "changed"], data: { ticket: t.id },
      on: { click: () => show(t.id) },
    },
    el("span", { class: "ticket-number" }, `#${t.number}`),
    el("span", { class: "ticket-subject" }, t.subject),
    el("span", { class: "ticket-customer" }, customerOf(t), what && el("em", {}, what)),
    statusPill(t.status)));
  }

  function show(id) {
    const last = chosen;
    chosen = id;
    changed.delete(id);
    showTickets();
    tickets.scrollTop = 0;
    (id === null
      ? tickets.querySelector(`[data-ticket="${last}"]`)
      : tickets.querySelector(".back"))?.focus({ preventScroll: true });
  }

  function detail(t) {
    const invoices = invoicesOf(t);
    const who = named("users", t.user_id);
    const customer = list("customers").find((c) => c.id === t.customer_id);
    const prepaid = Number(customer?.prepay_hours ?? 0);
    return [
      el("div", { class: "detail-head" },
        el("button", { type: "button", class: "back", on: { click: () => show(null) } }, "‹ All tickets"),
        el("h3", {}, el("span", { class: "ticket-number" }, `#${t.number}`), " ", t.subject),
        el("p", { class: "facts" }, statusPill(t.status), " ", [
          t.priority, customerOf(t), who ? `assigned to ${who}` : "assigned to nobody", prepaid > 0 && `${prepaid}\u00a0h prepaid`,
        ].filter(Boolean).join(" · "))),
      part("Comments", newestFirst(t.comments, "created"), (c) => el("li", { class: "comment" },
        el("div", { class: "comment-head" },
          el("strong", {}, c.tech || named("users", c.user_id) || "The customer"),
          el("span", { class: ["tag", c.emailed_to ? "tag-loud" : ""], title: c.emailed_to ?? "" }, visibility(c)),
          el("time", {}, clock(c.created)), recordId(c)),
        c.subject && el("div", { class: "comment-subject" }, c.subject),
        el("div", { class: "comment-body" }, c.body))),
      part("Charges", t.lines, (l) => el("li", { class: "money" },
        el("span", {}, l.name, l.description && l.description !== l.name && el("small", {}, l.description)),
        el("span", { class: "figure" }, `${l.quantity} × ${l.price}`), recordId(l))),
      t.timers?.length > 0 && part("Time", t.timers, (x) => el("li", { class: "money" },
        el("span", {}, x.notes || "no note", x.recorded && el("small", {}, "charged")),
        el("span", { class: "figure" }, moment(x.end) ? `${clock(x.start)} to ${clock(x.end)}` : `since ${clock(x.start)}`), recordId(x))),
      part("Invoices", invoices, (i) => el("li", { class: "money" },
        el("span", {}, `#${i.number}`), el("span", { class: "figure" }, i.total), recordId(i))),
    ];
  }

  function part(title, items, draw) {
    return el("section", { class: "part" },
      el("h4", {}, title, el("span", { class: "count" }, items?.length || "none")),
      items?.length > 0 && el("ul", {}, items.map(draw)));
  }

  // person is the form by which somebody else changes the ticket, in Syncro's
  // own pages so to speak, or the customer by e-mail.
  function person(t) {
    const other = list("users").find((u) => u.id !== t.user_id);
    const who = el("select", {},
      list("users").map((u) => el("option", { value: u.id, selected: u === other }, u.name)),
      el("option", { value: "customer" }, "the customer, by e-mail"));
    const status = el("select", {}, el("option", { value: "" }, "as it is"),
      (records.settings?.statuses ?? []).map((s) => el("option", { value: s }, s)));
    const comment = el("input", { type: "text", maxLength: 500 });
    const told = el("span", { class: "told", attrs: { role: "status" } });
    const change = async (e) => {
      e.preventDefault();
      if (!status.value && !comment.value.trim()) {
        told.textContent = "Choose a status or write a comment.";
        return;
      }
      const act = { ticket: t.number };
      if (who.value === "customer") act.customer = true;
      else act.user_id = Number(who.value);
      if (status.value) act.status = status.value;
      if (comment.value.trim()) act.comment = comment.value.trim();
      try {
        await sim.post("/_sim/person", act);
        status.value = "";
        comment.value = "";
        told.textContent = "Changed. Now press Confirm on a card from before.";
      } catch (err) {
        told.textContent = `Not changed: ${err.message}`;
      }
      await refresh();
    };
    return el("form", { class: "person", data: { ticket: t.id }, on: { submit: change } },
      el("h4", {}, "Somebody else changes this ticket"),
      el("div", { class: "fields" },
        el("label", {}, el("span", {}, "Who"), who),
        el("label", {}, el("span", {}, "Status"), status),
        el("label", { class: "wide" }, el("span", {}, "Comment"), comment),
        el("button", { type: "submit", class: "quiet" }, "Change it")), told);
  }

  function showRequests() {
    const shown = list("requests").filter((r) => !onlyWrites.checked || r.method !== "GET");
    swap(requests, shown.length === 0
      ? el("p", { class: "empty" }, onlyWrites.checked ? "Nothing was changed yet." : "Nothing was asked yet.")
      : el("ol", { class: "request-list" }, shown.map((r) => el("li", {
        class: ["request", r.method !== "GET" && "write"], title: [`${r.method} ${r.path}`, r.body, r.fault && `Trouble: ${r.fault}`].filter(Boolean).join("\n"),
      },
      el("time", {}, clock(r.at, true)),
      el("span", { class: "method" }, r.method),
      el("span", { class: "path" }, shortPath(r.path)),
      el("span", { class: "by" }, r.user || "no key"),
      el("span", { class: ["code", `code-${Math.floor((r.status || 0) / 100)}`, r.fault && "troubled"] }, r.status || "–")))));
  }

  function showArmed() {
    const waiting = list("faults");
    armed.hidden = waiting.length === 0;
    swap(armed, waiting.map((f) => {
      const [what] = targets.find(([, method, path]) => method === f.method && path === f.path) ?? [`${f.method} ${f.path}`];
      const [, does] = faults.find(([kind]) => kind === f.kind) ?? [f.kind, f.kind];
      return el("p", {}, `Armed. The next ${what}: Syncro ${does}${f.times > 1 ? `, ${f.times - f.hits} times` : ""}.`);
    }), el("button", {
      type: "button", class: "quiet",
      on: { click: () => sim.remove("/_sim/fault").then(refresh, (err) => armed.append(err.message)) },
    }, "Disarm"));
  }

  function faultMenu() {
    const target = el("select", {}, targets.map(([text], i) => el("option", { value: i }, text)));
    const kind = el("select", {}, faults.map(([, text], i) => el("option", { value: i }, text)));
    const times = el("input", { type: "number", min: 1, max: 99, value: 1 });
    const told = el("span", { class: "told", attrs: { role: "status" } });
    const menu = el("details", {
      class: "faults",
      on: { keydown: (e) => { if (e.key === "Escape") { menu.open = false; menu.firstChild.focus(); } } },
    },
    el("summary", {}, "Make trouble"),
    el("form", {
      class: "popover",
      on: {
        submit: async (e) => {
          e.preventDefault();
          const [, method, path] = targets[target.value];
          const [name, , delay] = faults[kind.value];
          try {
            await sim.post("/_sim/fault", { kind: name, method, path, times: Number(times.value), delay });
            told.textContent = "";
            menu.open = false;
          } catch (err) {
            told.textContent = `Not armed: ${err.message}`;
          }
          await refresh();
        },
      },
    },
    el("p", {}, "See what the bot does when Syncro misbehaves."),
    el("label", {}, el("span", {}, "The next"), target),
    el("label", {}, el("span", {}, "Syncro"), kind),
    el("label", {}, el("span", {}, "How often"), times),
    el("button", { type: "submit", class: "primary" }, "Arm it"), told));
    return menu;
  }

  function list(name) {
    return records[name] ?? [];
  }

  function named(what, id) {
    return list(what).find((x) => x.id === id)?.name;
  }

  function invoicesOf(t) {
    return list("invoices").filter((i) => i.ticket_id === t.id);
  }

  function customerOf(t) {
    const c = list("customers").find((x) => x.id === t.customer_id);
    return c?.business || `${c?.first ?? ""} ${c?.last ?? ""}`.trim();
  }

  const again = sim.watch(refresh, (up, why) => {
    live.className = `live ${up ? "up" : "down"}`;
    live.setAttribute("aria-label", up ? "connected" : `no answer from the simulator ${why ?? ""}`);
    live.title = live.getAttribute("aria-label");
  });
  // The minute passes without an event.
  setInterval(() => { if (records.used > 0 && !document.hidden) again(); }, 5000);

  return {
    open(address) {
      const [, kind, number] = /\/(tickets|invoices)\/(\d+)\/?$/.exec(new URL(address).pathname) ?? [];
      const record = kind && list(kind).find((r) => String(r.id) === number);
      const ticket = kind === "invoices" ? list("tickets").find((t) => t.id === record?.ticket_id) : record;
      if (ticket) show(ticket.id);
      return Boolean(ticket);
    },
  };
}

// Records.

function recordId(record) {
  return el("span", { class: "record", title: "Syncro's id" }, `${record.id}`);
}

function visibility(c) {
  if (c.hidden) return "internal";
  if (!c.user_id) return "from customer";
  return c.emailed_to ? "customer, e-mailed" : "customer sees it";
}

// difference says in a few words how a ticket is not what it was.
function difference(was, is) {
  if (!was) return "new";
  const words = [];
  if (was.status !== is.status) words.push(`was ${was.status}`);
  const more = (is.comments?.length ?? 0) - (was.comments?.length ?? 0);
  if (more > 0) words.push(more === 1 ? "1 new comment" : `${more} new comments`);
  if (words.length === 0 && JSON.stringify(was) !== JSON.stringify(is)) words.push("changed");
  return words.join(", ");
}

function newestFirst(items, field) {
  return [...items ?? []].sort((a, b) => (moment(b[field]) ?? 0) - (moment(a[field]) ?? 0) || (b.id ?? 0) - (a.id ?? 0));
}

function statusPill(status) {
  const kind = /resolved|invoiced|closed/i.test(status) ? "over" : /wait/i.test(status) ? "waiting"
    : /new|reply/i.test(status) ? "new" : "going";
  return el("span", { class: `pill pill-${kind}` }, status);
}

// shortPath leaves of a long id its end, so that what follows is to be seen.
function shortPath(path) {
  return path.replace(/\d{4,}(\d{3})/g, "…$1");
}
