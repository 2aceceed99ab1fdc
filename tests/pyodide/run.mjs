// Runs the cases in Pyodide: node run.mjs PYODIDE ENGINE.zip CASES.pickle VERDICTS.py, which prints one line of JSON each.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [pyodideFolder, engine, cases, program] = process.argv.slice(2);
const octets = (path) => new Uint8Array(readFileSync(path));

try {
  const { loadPyodide } = await import(pathToFileURL(`${pyodideFolder}/pyodide.mjs`).href);
  const pyodide = await loadPyodide();
  pyodide.unpackArchive(octets(engine), "zip", { extractDir: "/engine" });
  pyodide.FS.writeFile("/cases.pickle", octets(cases));
  pyodide.runPython("import sys; sys.path.insert(0, '/engine')");
  pyodide.runPython(readFileSync(program, "utf8"));
  process.stdout.write(pyodide.runPython("verdicts(open('/cases.pickle', 'rb').read())"));
} catch (error) {
  process.stderr.write(`${error.name}: ${error.message}\n`); // without Pyodide's own source, which Node would print
  process.exitCode = 1;
}
