// Python with the engine, in a worker: takes requests as JSON, and answers them with JSON.
import { loadPyodide } from "./pyodide/pyodide.mjs";

const PAGE = 65536; // octets of a page of WebAssembly's memory
const fetched = async (name) => {
  const response = await fetch(new URL(name, import.meta.url));
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response;
};
const octets = async (name) => new Uint8Array(await (await fetched(name)).arrayBuffer());

// The snapshot is packed in any case, since not every host packs what it sends.
async function snapshot() {
  const packed = (await fetched("snapshot.gz")).body;
  return new Uint8Array(await new Response(packed.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
}

// Pyodide writes a snapshot into the memory as it begins, which may be smaller.
function growMemory(size) {
  for (const name of ["instantiate", "instantiateStreaming"]) {
    const original = WebAssembly[name];
    WebAssembly[name] = async (...given) => {
      const made = await original.apply(WebAssembly, given);
      const { memory } = (made.instance ?? made).exports;
      const missing = memory === undefined ? 0 : Math.ceil((size - memory.buffer.byteLength) / PAGE);
      if (missing > 0) memory.grow(missing);
      return made;
    };
  }
}

async function load() {
  const [memory, engine] = await Promise.all([snapshot(), octets("engine.zip")]);
  growMemory(memory.length);
  const pyodide = await loadPyodide({ indexURL: new URL("./pyodide/", import.meta.url).href, _loadSnapshot: memory });
  pyodide.unpackArchive(engine, "zip", { extractDir: "/engine" });
  return { respond: pyodide.globals.get("respond"), respondAsking: pyodide.globals.get("respond_asking") };
}

const loaded = load();
loaded.then(() => postMessage({ ready: true }), (error) => postMessage({ fault: String(error) }));
addEventListener("message", async ({ data }) => {
  const { respond, respondAsking } = await loaded;
  let answer;
  try {
    answer = data.dns === undefined ? respond(data.request) : await respondAsking(data.request, data.dns);
  } catch (error) {
    answer = JSON.stringify({ error: `the engine has a fault: ${String(error).slice(-500)}`, field: "" });
  }
  postMessage({ number: data.number, answer });
});
