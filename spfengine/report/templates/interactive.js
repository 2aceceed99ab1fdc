// The reader edits a record or a line, or adds a sender; the engine, which starts when they begin, answers what follows.
"use strict";
{
  const EDIT_MILLISECONDS = 150;
  const PROGRAM = `
from spfengine.report.edits.responding import responding
responding(open("/situation", "rb").read())
`;
  const SCRIPTS = ["pyodide.js", "pyodide.asm.js"]; // of Pyodide, in this order
  const element = (id) => document.getElementById(id);
  const main = element("answer");
  const drafts = [...document.querySelectorAll(".draft")];
  const entries = [...document.querySelectorAll(".entry")];
  const kind = document.querySelector(".kind");
  const subject = document.querySelector("h1 bdi");
  const first = [...main.childNodes].map((node) => node.cloneNode(true)); // what the report shows first
  const firstNames = [kind.textContent, subject.textContent];
  let added = []; // [address, MAIL FROM] of each sender
  let started = null; // the worker, as soon as it is there
  let asked = 0; // the number of the last edit; answers to others come too late
  let isBusy = false; // with an edit; the engine gets the next one after it
  let isOld = false; // whether there was another edit meanwhile
  let timer;

  const say = (text, style = "") => {
    element("status").textContent = text;
    element("status").className = style;
  };

  // Returns a script of Pyodide, which is packed by gzip, as text in base64.
  async function script(text) {
    const octets = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
    const packed = new ReadableStream({ start(stream) { stream.enqueue(octets); stream.close(); } });
    return new Response(packed.pipeThrough(new DecompressionStream("gzip"))).text();
  }

  // The worker is one script, since browsers with WebKit import nothing into a page that was opened as a file.
  async function start() {
    say("Starting the engine, which takes some seconds \u2026");
    const parts = Object.fromEntries([...document.querySelectorAll("[data-part]")].map((each) => [each.dataset.part, each.textContent]));
    const scripts = await Promise.all(SCRIPTS.map((name) => script(parts[name])));
    const source = new Blob([element("worker").textContent, "\n", ...scripts], { type: "text/javascript" });
    const worker = new Worker(URL.createObjectURL(source));
    worker.addEventListener("message", ({ data }) => answer(data));
    worker.addEventListener("error", (event) => answer({ fault: event.message || "the browser does not start it" }));
    const others = Object.entries(parts).filter(([name]) => !SCRIPTS.includes(name)).map(([name, text]) => [name, { text }]);
    const files = { "/situation": element("situation").textContent };
    worker.postMessage({ parts: Object.fromEntries(others), files, program: PROGRAM });
    return worker;
  }

  function starting() {
    if (started !== null) return;
    started = start();
    started.catch((error) => answer({ fault: String(error) }));
  }

  // What was left alone is not sent: the page shows it without what a field of a form can't hold.
  const written = (fields) => fields.map((each) => (each.value === each.defaultValue ? null : each.value));

  function ask() {
    clearTimeout(timer);
    starting();
    main.classList.add("waiting");
    if (isBusy) {
      isOld = true;
      return;
    }
    isBusy = true;
    asked += 1;
    const edit = JSON.stringify({ drafts: written(drafts), entries: written(entries), senders: added });
    const request = { number: asked, given: [edit] };
    started.then((worker) => worker.postMessage(request), () => {}); // why it did not start is said already
  }

  function answer(data) {
    if (data.fault !== undefined) {
      main.classList.remove("waiting");
      say(`The engine can't be used in this browser: ${data.fault}`, "fault");
      return;
    }
    if (data.isReady) {
      if (!isBusy) say("Ready: each edit shows at once what follows from it.");
      return;
    }
    isBusy = false;
    if (isOld) {
      isOld = false;
      ask();
      return;
    }
    if (data.number !== asked) return;
    main.classList.remove("waiting");
    const answered = JSON.parse(data.answer);
    if (answered.error !== undefined) {
      say(answered.error, "fault");
      return;
    }
    // HTML of the engine, in which all text is escaped; the content security policy lets nothing in it run or load.
    const parsed = new DOMParser().parseFromString(answered.view, "text/html");
    main.replaceChildren(...document.adoptNode(parsed.body).childNodes);
    [kind.textContent, subject.textContent] = [answered.kind, answered.subject];
    say(answered.answer, "unseen"); // the page shows it below; a screen reader reads it out
  }

  function listAdded() {
    if (element("added") === null) return;
    element("added").replaceChildren(...added.map((sender) => {
      const item = document.createElement("li");
      const name = document.createElement("bdi");
      name.textContent = sender.filter(Boolean).join(" ");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Remove";
      button.setAttribute("aria-label", `Remove ${name.textContent}`);
      button.addEventListener("click", () => {
        added = added.filter((each) => each !== sender);
        listAdded();
        element("ip").focus();
        ask();
      });
      item.append(name, button);
      return item;
    }));
  }

  for (const each of [...drafts, ...entries]) {
    each.addEventListener("input", () => {
      clearTimeout(timer);
      main.classList.add("waiting");
      timer = setTimeout(ask, EDIT_MILLISECONDS);
    });
  }
  element("edit").addEventListener("submit", (event) => {
    event.preventDefault();
    if (element("ip") === null) {
      ask();
      return;
    }
    if (element("ip").value.trim() === "") {
      say("Write the address of the sender, such as 192.0.2.1.", "fault");
      element("ip").focus();
      return;
    }
    added.push([element("ip").value, element("from").value]);
    element("ip").value = element("from").value = "";
    listAdded();
    element("ip").focus();
    ask();
  });
  element("back").addEventListener("click", () => {
    clearTimeout(timer);
    for (const each of [...drafts, ...entries]) each.value = each.defaultValue;
    added = [];
    listAdded();
    isOld = false;
    asked += 1;
    main.classList.remove("waiting");
    main.replaceChildren(...first.map((node) => node.cloneNode(true)));
    [kind.textContent, subject.textContent] = firstNames;
    say("This is the report again.");
  });
  element("try").addEventListener("toggle", () => {
    if (element("try").open) starting();
  });
  document.querySelector("aside").hidden = false;
}
