// Python with the engine, in a worker. It first gets the parts it is made of, and then edits, which it answers in turn.
const ADDRESS = "https://parts.invalid/"; // of files that Pyodide would fetch; nobody is asked for them

// Returns the octets of a part, which is packed by gzip, in base64.
async function unpacked(text) {
  const octets = Uint8Array.fromBase64?.(text) ?? Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([octets]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function load({ parts, situation }) {
  const names = Object.keys(parts);
  const octets = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await unpacked(parts[name])])));
  const urlOf = (name, type) => URL.createObjectURL(new Blob([octets[name]], { type }));
  const fetched = globalThis.fetch;
  globalThis.fetch = (url, ...more) => (String(url) === `${ADDRESS}pyodide.asm.wasm`
    ? Promise.resolve(new Response(octets["pyodide.asm.wasm"], { headers: { "content-type": "application/wasm" } }))
    : fetched(url, ...more));
  const { loadPyodide } = await import(urlOf("pyodide.mjs", "text/javascript"));
  const { default: createPyodideModule } = await import(urlOf("pyodide.asm.mjs", "text/javascript"));
  const pyodide = await loadPyodide({
    createPyodideModule,
    indexURL: ADDRESS,
    packageBaseUrl: ADDRESS,
    lockFileContents: new TextDecoder().decode(octets["pyodide-lock.json"]),
    stdLibURL: urlOf("python_stdlib.zip", "application/zip"),
  });
  pyodide.unpackArchive(octets["engine.zip"], "zip", { extractDir: "/engine" });
  pyodide.FS.writeFile("/situation", new TextEncoder().encode(situation));
  pyodide.runPython("import sys; sys.path.insert(0, '/engine')");
  pyodide.runPython("from spfengine.report.edits import responding");
  return pyodide.runPython("responding(open('/situation', 'rb').read())");
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
    answer = respond(data.request);
  } catch (error) {
    answer = JSON.stringify({ error: `The engine has a fault: ${String(error).slice(-500)}` });
  }
  postMessage({ number: data.number, answer });
});
