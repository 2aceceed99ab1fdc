// The page: what people give → requests to the engine → what they see. The engine is a server, or a worker in this page.
import { about, ask, live, start } from "./engine.js";
import { fill, given } from "./given.js";
import { clear, copy, offer, save, select, show, wait } from "./shown.js";

const EDIT_MILLISECONDS = 150;
const MOST_CHOICES = 200;
const element = (id) => document.getElementById(id);
const say = (text) => { element("status").textContent = text; };

// What is looked at: what was given, and what the engine has found.
let state = { evidence: [], zones: [], live: false, domain: "", senders: [], proposed: "", published: "" };
let run = 0; // counts how often something was looked at, so that an old answer does not replace a new one
let edit = 0;
let isFound = false; // whether the client that is shown was found in what was given before

const request = (task, more = {}) => ({
  task, zones: state.zones, live: state.live, domain: state.domain, senders: state.senders, ...more,
});
const latest = {}; // for each task, its last request: what "Download" asks for again

async function asked(task, more) {
  latest[task] = request(task, more);
  try {
    return await ask(latest[task]);
  } catch (error) {
    return { error: `the engine can't be reached: ${error.message}`, field: "" };
  }
}

// The field that is at fault → the control to go to.
const CONTROLS = {
  evidence: "message", zones: "zone", domain: "domain", draft: "record", client: "ip",
};

function refuse(answer) {
  element("problem").textContent = answer.error;
  const control = element(CONTROLS[answer.field] ?? "message");
  control.setAttribute("aria-invalid", "true");
  control.setAttribute("aria-describedby", "problem");
  element("results").hidden = true;
  control.focus();
  say("");
}

function forgive() {
  element("problem").textContent = "";
  for (const control of document.querySelectorAll("[aria-invalid]")) {
    control.removeAttribute("aria-invalid");
    control.removeAttribute("aria-describedby");
  }
}

async function look() {
  const mine = ++run;
  forgive();
  say("Reading …");
  let values;
  try {
    values = await given();
  } catch (error) {
    refuse({ error: error.message, field: "evidence" });
    return;
  }
  state = { ...values, senders: [], proposed: "", published: "" };
  if (values.record && !values.evidence.length && !values.zones.length && !values.live) {
    await lookAtRecord(values.record, mine);
    return;
  }
  const read = await asked("read", { evidence: values.evidence });
  if (mine !== run) return;
  if (read.error !== undefined) {
    refuse(read);
    return;
  }
  state.senders = read.senders;
  if (read.domains.length === 1) [state.domain] = read.domains;
  show("read", read);
  choose(read.senders);
  for (const task of ["check", "publish", "change", "lint"]) { offer(task, true); clear(task); }
  offer("read", read.senders.length > 0);
  await lookAtDomain(values.record, mine);
}

// Looks only at the text of a record.
async function lookAtRecord(record, mine) {
  const lint = await asked("lint", { draft: record });
  if (mine !== run) return;
  if (lint.error !== undefined) {
    refuse(lint);
    return;
  }
  for (const task of ["check", "publish", "change", "read"]) offer(task, false);
  show("lint", lint);
  reveal("lint");
  say(lint.answer);
}

async function lookAtDomain(record, mine) {
  say("Looking at the records …");
  const publish = await asked("publish");
  if (mine !== run) return;
  if (publish.error !== undefined) {
    refuse(publish);
    return;
  }
  state.domain = publish.domain;
  state.proposed = publish.record;
  state.published = publish.published;
  show("publish", publish);
  element("copy-record").hidden = element("edit-record").hidden = !publish.record;
  element("use-proposed").hidden = !publish.record;
  element("use-published").hidden = !publish.published;
  const draft = record || publish.record || publish.published;
  element("draft").value = draft;
  const hasClient = element("ip").value.trim() !== "";
  if (hasClient) await checkClient(state.senders[0]);
  if (mine !== run) return;
  if (hasClient) reveal("check");
  say(`${state.domain}: ${publish.answer}`);
  if (draft) await tryDraft();
  const lint = await asked("lint");
  if (mine !== run) return;
  show("lint", lint);
  if (!hasClient) reveal("lint");
}

function reveal(task) {
  element("results").hidden = false;
  select(task);
  element("results").focus();
  element("results").scrollIntoView({ block: "start" });
}

// Offers the senders that were found, the first of which is checked. Without any, the client stays that was given.
function choose(senders) {
  const shown = senders.slice(0, MOST_CHOICES);
  element("senders").replaceChildren(...shown.map((each) => new Option(`${each.ip} ${each.sender}`)));
  element("senders-choice").hidden = shown.length < 2;
  if (!shown.length && !isFound) return;
  element("ip").value = shown[0]?.ip ?? "";
  element("sender").value = shown[0]?.sender ?? "";
  isFound = shown.length > 0;
}

async function checkClient(sender) {
  const client = sender ?? { ip: element("ip").value, sender: element("sender").value || `@${state.domain}` };
  const mine = run;
  wait("check");
  const answer = await asked("check", { client: { ip: client.ip, sender: client.sender, helo: client.helo ?? null } });
  if (mine === run) show("check", answer);
}

async function tryDraft() {
  const mine = ++edit;
  wait("change");
  const answer = await asked("change", { draft: element("draft").value });
  if (mine !== edit) return;
  show("change", answer);
  element("draft-status").textContent = answer.error ?? answer.answer;
}

let timer;
element("draft").addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(tryDraft, EDIT_MILLISECONDS);
});
element("given").addEventListener("submit", (event) => { event.preventDefault(); look(); });
element("client").addEventListener("submit", (event) => { event.preventDefault(); checkClient(); });
element("senders").addEventListener("change", () => {
  const sender = state.senders[element("senders").selectedIndex];
  element("ip").value = sender.ip;
  element("sender").value = sender.sender;
  checkClient(sender);
});
element("copy-record").addEventListener("click", (event) => copy(state.proposed, event.currentTarget));
element("copy-draft").addEventListener("click", (event) => copy(element("draft").value, event.currentTarget));
for (const [id, key] of [["use-proposed", "proposed"], ["use-published", "published"]]) {
  element(id).addEventListener("click", () => { element("draft").value = state[key]; tryDraft(); });
}
element("edit-record").addEventListener("click", () => {
  element("draft").value = state.proposed;
  select("change");
  element("draft").focus();
  tryDraft();
});
for (const button of document.querySelectorAll(".download")) {
  const task = button.closest("[role=tabpanel]").id.slice("panel-".length);
  button.addEventListener("click", async () => {
    const answer = await ask({ ...latest[task], form: "report" });
    if (answer.report !== undefined) save(answer.report, answer.name);
  });
}
element("example").addEventListener("click", async () => {
  fill(await (await fetch("example.json")).json());
  element("domain").focus();
});

// A link may fill in the page: #domain=…&zone=…&record=…&message=…&ip=…&sender=…&live=1. It is looked at at once, unless
// DNS is asked.
function fromLink() {
  const values = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  if (!["message", "zone", "domain", "record"].some((key) => values[key])) return;
  fill({ ...values, live: values.live && live.isPossible });
  if (!values.live) look();
}

element("about").textContent = about;
element("live-about").textContent = live.about;
element("live-choice").hidden = !live.isPossible;
element("live").checked = live.isPossible;
element("resolver-choice").hidden = live.pages.length === 0;
element("resolver").replaceChildren(...live.pages.map(({ name, page, isThis }) => new Option(name, page, isThis, isThis)));
element("resolver").addEventListener("change", () => {
  const texts = ["message", "zone", "domain", "record"].map((id) => [id, element(id).value]).filter(([, text]) => text);
  location.href = `${element("resolver").value}#${new URLSearchParams([...texts, ["live", "1"]])}`;
});
await start(say);
fromLink();
document.documentElement.dataset.ready = "";
performance.mark("ready");
