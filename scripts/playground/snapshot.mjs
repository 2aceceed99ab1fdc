// Writes a snapshot of Python's memory with the engine loaded: node snapshot.mjs PYODIDE ENGINE SNAPSHOT
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, engine, output] = process.argv.slice(2);
// What is not imported here is imported from the archive when it is needed.
const PROGRAM = `
import gc, sys
sys.path.insert(0, "/engine")
from spfengine.web.browser import rehearse
rehearse()
gc.collect()
`;
try {
  const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`).href);
  const pyodide = await loadPyodide({ _makeSnapshot: true });
  for (const entry of readdirSync(engine, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const name = `/engine/${relative(engine, path).split(sep).join("/")}`;
    pyodide.FS.mkdirTree(dirname(name)); // not by Python, whose memory would keep what was unpacked
    pyodide.FS.writeFile(name, readFileSync(path));
  }
  pyodide.runPython(PROGRAM);
  writeFileSync(output, pyodide.makeMemorySnapshot());
} catch (error) {
  process.stderr.write(`${error.name}: ${error.message}\n`); // without Pyodide's own source, which Node would print
  process.exitCode = 1;
}
