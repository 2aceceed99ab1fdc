// What people give: pasted text, files and names, as parts of a request.

const MOST_OCTETS = 16 * 1024 * 1024;
const SLICE = 0x8000;
const element = (id) => document.getElementById(id);
const base64 = (octets) => {
  let text = "";
  for (let at = 0; at < octets.length; at += SLICE) text += String.fromCharCode(...octets.subarray(at, at + SLICE));
  return btoa(text);
};
const fileOf = (name, octets) => ({ name, content: base64(octets) });

// Files that were chosen or dropped in a fieldset; each can be taken out again.
class Files {
  constructor(box, input, list) {
    this.files = [];
    this.list = list;
    input.addEventListener("change", () => { this.add(input.files); input.value = ""; });
    box.addEventListener("dragover", (event) => { event.preventDefault(); box.classList.add("over"); });
    box.addEventListener("dragleave", () => box.classList.remove("over"));
    box.addEventListener("drop", (event) => {
      event.preventDefault();
      box.classList.remove("over");
      if (event.dataTransfer.files.length) this.add(event.dataTransfer.files);
    });
    this.input = input;
  }

  add(files) {
    const isSame = (one, other) => ["name", "size", "lastModified"].every((key) => one[key] === other[key]);
    for (const file of files) {
      if (!this.files.some((each) => isSame(each, file))) this.files.push(file);
    }
    this.show();
  }

  clear() {
    this.files = [];
    this.show();
  }

  show() {
    this.list.replaceChildren(...this.files.map((file) => {
      const item = document.createElement("li");
      const name = document.createElement("bdi");
      name.textContent = file.name;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Remove";
      button.setAttribute("aria-label", `Remove ${file.name}`);
      button.addEventListener("click", () => {
        this.files = this.files.filter((each) => each !== file);
        this.show();
        this.input.focus();
      });
      item.append(name, button);
      return item;
    }));
  }

  async read() {
    const size = this.files.reduce((sum, file) => sum + file.size, 0);
    if (size > MOST_OCTETS) {
      throw new Error(this.files.length > 1
        ? "these files together are larger than 16 MiB; choose fewer, or use the command spfengine"
        : "this file is larger than 16 MiB; choose a smaller one, or use the command spfengine");
    }
    return Promise.all(this.files.map(async (file) => fileOf(file.name, new Uint8Array(await file.arrayBuffer()))));
  }
}

const evidence = new Files(element("evidence"), element("evidence-files"), element("evidence-chosen"));
const zones = new Files(element("zones"), element("zone-files"), element("zone-chosen"));

async function withPasted(files, id, name) {
  const text = element(id).value;
  const read = await files.read();
  return text.trim() ? [fileOf(name, new TextEncoder().encode(text)), ...read] : read;
}

// Returns what was given. Nothing is kept elsewhere.
export async function given() {
  return {
    evidence: await withPasted(evidence, "message", "the pasted message"),
    zones: await withPasted(zones, "zone", "the pasted zone"),
    live: element("live").checked,
    domain: element("domain").value.trim(),
    record: element("record").value.trim(),
  };
}

// Fills in the form: { message, zone, domain, record, ip, sender, live }, all of them optional.
export function fill(values) {
  for (const id of ["message", "zone", "domain", "record", "ip", "sender"]) element(id).value = values[id] ?? "";
  element("live").checked = Boolean(values.live);
  evidence.clear();
  zones.clear();
}
