// What people see: tabs with views, which are the HTML of reports, and buttons to copy and to keep them.

const element = (id) => document.getElementById(id);
const tabs = [...document.querySelectorAll("[role=tab]")];
const panelOf = (task) => element(`panel-${task}`);
const COPIED_MILLISECONDS = 2000;

export function select(task, { focus = false } = {}) {
  for (const tab of tabs) {
    const isThis = tab.id === `tab-${task}`;
    tab.setAttribute("aria-selected", String(isThis));
    tab.tabIndex = isThis ? 0 : -1;
    element(tab.getAttribute("aria-controls")).hidden = !isThis;
    if (isThis && focus) tab.focus();
    if (isThis) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

for (const [at, tab] of tabs.entries()) {
  tab.addEventListener("click", () => select(tab.id.slice("tab-".length)));
  tab.addEventListener("keydown", (event) => {
    const seen = tabs.filter((each) => !each.hidden);
    const here = seen.indexOf(tabs[at]);
    const next = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: seen.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    select(seen.at(next % seen.length).id.slice("tab-".length), { focus: true });
  });
}

// Shows or hides a tab, for which there is something to show or not.
export function offer(task, isOffered) {
  element(`tab-${task}`).hidden = !isOffered;
}

// Shows an answer in its panel. A view is HTML of the engine, in which everything that others wrote is escaped; the
// content security policy of the page lets nothing in it run or load.
export function show(task, answer) {
  const panel = panelOf(task);
  const view = panel.querySelector(".view");
  view.classList.remove("waiting");
  const download = panel.querySelector(".download");
  if (answer.error !== undefined) {
    const message = document.createElement("p");
    message.className = "fail";
    message.textContent = answer.error;
    view.replaceChildren(message);
    if (download) download.hidden = true;
    return;
  }
  const parsed = new DOMParser().parseFromString(answer.view, "text/html");
  view.replaceChildren(...document.adoptNode(parsed.body).childNodes);
  for (const text of view.querySelectorAll("pre.copy")) text.after(copyButton(text));
  if (download) download.hidden = false;
}

export function clear(task) {
  panelOf(task).querySelector(".view").replaceChildren();
  const download = panelOf(task).querySelector(".download");
  if (download) download.hidden = true;
}

export function wait(task) {
  panelOf(task).querySelector(".view").classList.add("waiting");
}

function copyButton(text) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copied";
  button.textContent = "Copy";
  button.addEventListener("click", () => copy(text.textContent, button));
  return button;
}

// Copies a text, and says so on the button.
export async function copy(text, button) {
  const name = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Can’t copy: select it, and press Ctrl-C";
  }
  setTimeout(() => { button.textContent = name; }, COPIED_MILLISECONDS);
}

// Saves a text as a file, without asking anybody.
export function save(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/html" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), COPIED_MILLISECONDS);
}
