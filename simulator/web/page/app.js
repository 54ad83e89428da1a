// Puts the three simulators on the page.

import { drawBlocks, mrkdwn } from "./blockkit.js";
import { drawCard } from "./adaptive.js";
import { chat } from "./chat.js";
import { el } from "./dom.js";
import { simulator } from "./sim.js";
import { syncro } from "./syncro.js";

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

chat(document.getElementById("slack"), {
  sim: simulator("/slack-sim"),
  label: "Slack",
  place: ({ id, name }) => (id.startsWith("C") ? `#${name.replace(/^#/, "")}` : name),
  ackLimit: 3000,
  examples,
  body: (m, { act, name }) => (m.blocks?.length
    ? drawBlocks(m.blocks, { act, names: name, open: records.open })
    : el("div", { class: "said" }, m.bot ? mrkdwn(m.text ?? "", { names: name, open: records.open }) : m.text)),
  click: ({ action_id, value }) => ({ action_id, value }),
});

chat(document.getElementById("teams"), {
  sim: simulator("/teams-sim"),
  label: "Teams",
  ackLimit: 15000,
  examples,
  body: (m, { act }) => [
    m.text && el("div", { class: "said" }, m.text),
    m.card && el("div", { class: "card" }, drawCard(m.card, { act, open: records.open })),
    m.banner && el("div", { class: "banner", attrs: { role: "alert" } }, m.banner.message ?? m.banner),
  ],
  click: ({ verb, data }) => ({ verb, data }),
});
