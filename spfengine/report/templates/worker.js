// Python with the engine, in a worker: for interactive reports and for the playground. The first message says what it is
// made of; each other one is a request, which is answered in turn.
"use strict";
const ADDRESS = "https://parts.invalid/"; // of files that Pyodide would fetch; nobody is asked for them
const PAGE = 65536; // octets of a page of WebAssembly's memory

// Pyodide tries this to see which kind of worker it is in. The content security policy refuses it, and Firefox reports that.
globalThis.importScripts = () => { throw new TypeError("no script is imported here"); };

// Returns the octets of a part, which is packed by gzip: text in base64, or a file to fetch.
async function unpacked({ text, url }) {
  let packed;
  if (text === undefined) {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url}: ${response.status}`);
    packed = response.body;
  } else {
    packed = new ReadableStream({
      start(stream) {
        stream.enqueue(Uint8Array.fromBase64?.(text) ?? Uint8Array.from(atob(text), (each) => each.charCodeAt(0)));
        stream.close();
      },
    });
  }
  return new Uint8Array(await new Response(packed.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
}

// Starts Python of files in a folder, with a snapshot of its memory.
async function fromFolder(folder, { snapshot }) {
  const { loadPyodide } = await import(`${folder}pyodide.mjs`);
  growMemory(snapshot.length);
  return loadPyodide({ indexURL: folder, _loadSnapshot: snapshot });
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

// Starts Python of parts alone; the scripts of Pyodide follow this one.
async function fromParts(octets) {
  const fetched = globalThis.fetch;
  globalThis.fetch = async (url, ...more) => {
    if (!String(url).startsWith(ADDRESS)) return fetched(url, ...more);
    const name = String(url).slice(ADDRESS.length);
    const type = name.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
    return new Response(octets[name], { headers: { "content-type": type } });
  };
  return globalThis.loadPyodide({
    createPyodideModule: globalThis._createPyodideModule,
    indexURL: ADDRESS,
    packageBaseUrl: ADDRESS,
    lockFileContents: new TextDecoder().decode(octets["pyodide-lock.json"]),
    stdLibURL: `${ADDRESS}python_stdlib.zip`,
  });
}

// Returns the function of Python that answers; `program` imports it, and may read `files`.
async function load({ parts, folder, files, program }) {
  const names = Object.keys(parts);
  const octets = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await unpacked(parts[name])])));
  const pyodide = await (folder === undefined ? fromParts(octets) : fromFolder(folder, octets));
  pyodide.unpackArchive(octets["engine.zip"], "zip", { extractDir: "/engine" });
  for (const [path, text] of Object.entries(files)) pyodide.FS.writeFile(path, new TextEncoder().encode(text));
  return pyodide.runPython(`import sys; "/engine" in sys.path or sys.path.insert(0, "/engine")\n${program}`);
}

let loaded;
addEventListener("message", async ({ data }) => {
  if (data.parts !== undefined) {
    loaded = load(data);
    loaded.then(() => postMessage({ isReady: true }), (error) => postMessage({ fault: String(error).slice(-500) }));
    return;
  }
  const respond = await loaded;
  let answer;
  try {
    answer = await respond(...data.given);
  } catch (error) {
    answer = JSON.stringify({ error: `The engine has a fault: ${String(error).slice(-500)}`, field: "" });
  }
  postMessage({ number: data.number, answer });
});
