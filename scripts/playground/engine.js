// The engine of the playground: Python in a worker of this page. Nothing that is given leaves the browser,
// except for names that are looked up, on a page for that.

// DNS is asked only by the pages that were built for it, each of which may ask one resolver and nobody else.
const PAGES = {{pages}};
const dns = document.querySelector("meta[name=dns]")?.content;
const here = Object.keys(PAGES).find((name) => PAGES[name].url === dns);
export const about = dns === undefined
  ? "Everything stays in this browser: the engine runs in the page, and works offline once it is loaded."
  : `What you give stays in this browser, where the engine runs. ${here} is asked for the records that are not in it.`;
export const live = {
  isPossible: dns !== undefined,
  about: dns === undefined
    ? "The records above are all that is looked at. With DNS over HTTPS, a resolver on the Internet answers what is not in them."
    : `${here} then learns your address and the names that are looked up: those of the domain and its includes, and those `
      + "of known mail services, to find out whose an address is. It is sent nothing else.",
  pages: [
    { name: "Ask nobody", page: "./", isThis: dns === undefined },
    ...Object.entries(PAGES).map(([name, { page }]) => ({ name: `Ask ${name}`, page, isThis: name === here })),
  ],
};

const waiting = new Map(); // the number of a request → what takes its answer
let last = 0;

// The worker is started from a blob, so that it has the content security policy of the page, on any host.
const address = new URL("worker.js", import.meta.url).href;
const source = URL.createObjectURL(new Blob([`import ${JSON.stringify(address)};`], { type: "text/javascript" }));
const worker = new Worker(source, { type: "module" });
const folder = (path) => new URL(path, import.meta.url).href;
worker.postMessage({
  parts: { snapshot: { url: folder("snapshot.gz") }, "engine.zip": { url: folder("engine.zip.gz") } },
  folder: folder("pyodide/"),
  files: {},
  program: "from spfengine.web.browser import respond; respond",
});

const ready = new Promise((resolve, reject) => {
  worker.addEventListener("message", ({ data }) => {
    if (data.isReady) resolve();
    else if (data.fault !== undefined) reject(new Error(data.fault));
    else {
      waiting.get(data.number)(data.answer);
      waiting.delete(data.number);
    }
  });
  worker.addEventListener("error", (event) => reject(new Error(event.message || "the worker can’t be loaded")));
});

// Returns the answer to a request, as spfengine.web.answers describes it.
export async function ask(request) {
  await ready;
  const number = ++last;
  const answered = new Promise((resolve) => { waiting.set(number, resolve); });
  worker.postMessage({ number, given: [JSON.stringify(request), ...(request.live ? [dns] : [])] });
  return JSON.parse(await answered);
}

// Calls `tell` with what happens until the engine is ready, and keeps it for the next time.
export async function start(tell) {
  tell("Loading the engine …");
  try {
    await ready;
  } catch (error) {
    tell(`The engine can’t be loaded: ${error.message}`);
    return;
  }
  tell("");
  if ("serviceWorker" in navigator) {
    try {
      await navigator.serviceWorker.register("offline.js");
    } catch {
      // Without it, as in a private window, the page works, but only online.
    }
  }
}
