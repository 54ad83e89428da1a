// Puts the three simulators on the page.

import { drawBlocks, mrkdwn } from "./blockkit.js";
import { drawCard } from "./adaptive.js";
import { chat } from "./chat.js";
import { el } from "./dom.js";
import { modals } from "./modal.js";
import { simulator } from "./sim.js";
import { syncro } from "./syncro.js";
import { tasks } from "./task.js";

const records = syncro(document.getElementById("syncro"), { sim: simulator("/syncro-sim") });

// [what the button says, what it types]
const examples = [
  ["/syncro", "/syncro"],
  ["32164", "/syncro 32164"],
  ["close 32164 …", "/syncro close 32164 Rekey interval fixed"],
  ["note 32164 …", "/syncro note 32164 Client logs show a rekey at 3600 s"],
  ["reply 32164 …", "/syncro reply 32164 We found the cause and are fixing it now."],
  ["pending", "/syncro pending"],
  ["help", "/syncro help"],
];

// [what the menu says, the name in the app's manifest]
const shortcuts = [["New Syncro ticket", "new_ticket"], ["Add to Syncro ticket", "add_to_ticket"]];

// slackBlocks draws what stands in a message, or on the bot's page.
const slackBlocks = (blocks, { press, name }, where = {}) => drawBlocks(blocks, {
  names: name, open: records.open,
  act: ({ action_id, value, button }) => press("/_sim/click", { ...where, action_id, value }, "The click", button),
});

chat(document.getElementById("slack"), {
  sim: simulator("/slack-sim"),
  label: "Slack",
  place: ({ id, name }) => (id.startsWith("C") ? `#${name.replace(/^#/, "")}` : name),
  ackLimit: 3000,
  examples,
  shortcuts,
  body: (m, how) => [
    m.blocks?.length
      ? slackBlocks(m.blocks, how)
      : el("div", { class: "said" }, m.bot ? mrkdwn(m.text ?? "", { names: how.name, open: records.open }) : m.text),
    ...(m.attachments ?? []).map((a) => el("div", { class: "unfurled" }, slackBlocks(a.blocks ?? [], how))),
  ],
  home: (view, how) => slackBlocks(view.blocks, how, { home: true }),
  front: modals(records.open),
});

chat(document.getElementById("teams"), {
  sim: simulator("/teams-sim"),
  label: "Teams",
  ackLimit: 15000,
  examples,
  shortcuts,
  // In a channel the bot hears only what mentions it. Here a command does too,
  // with or without the mention before it.
  route(text, where, { bot }) {
    const mention = `@${bot} `;
    const named = text.startsWith(mention);
    const heard = where.kind === "personal" || named || /^\/syncro(\s|$)/.test(text);
    return { path: heard ? "/_sim/say" : "/_sim/write", text: named ? text.slice(mention.length) : text };
  },
  body: (m, { press, ask }) => [
    m.text && el("div", { class: "said" }, m.text),
    m.card && el("div", { class: "card" }, drawCard(m.card, {
      open: records.open,
      act: ({ verb, data, button }) => press("/_sim/click", { verb, data }, "The click", button),
      submit: ({ title, data, button }) => press("/_sim/submit", { title, data }, "The click", button),
      suggest: async (dataset, text, data) => (await ask("/_sim/suggest", { dataset, text, data })).options ?? [],
    })),
  ],
  banner: (m) => m.banner && el("div", { class: "banner", attrs: { role: "alert" } }, m.banner.message ?? m.banner),
  front: tasks(records.open),
});
