// Runs a program in Pyodide: node run.mjs PYODIDE ENGINE.zip INPUT PROGRAM.py EXPRESSION prints what the expression is.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [pyodideFolder, engine, input, program, expression] = process.argv.slice(2);
const octets = (path) => new Uint8Array(readFileSync(path));

try {
  const { loadPyodide } = await import(pathToFileURL(`${pyodideFolder}/pyodide.mjs`).href);
  const pyodide = await loadPyodide();
  pyodide.unpackArchive(octets(engine), "zip", { extractDir: "/engine" });
  pyodide.FS.writeFile("/input", octets(input));
  pyodide.runPython("import sys; sys.path.insert(0, '/engine')");
  pyodide.runPython(readFileSync(program, "utf8"));
  const printed = await pyodide.runPythonAsync(expression);
  process.stdout.write(printed, () => process.exit()); // timers of asyncio run on after they were cancelled
} catch (error) {
  process.stderr.write(`${error.name}: ${error.message}\n`); // without Pyodide's own source, which Node would print
  process.exitCode = 1;
}
