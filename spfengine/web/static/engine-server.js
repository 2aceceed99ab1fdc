// The engine of `spfengine ui`: the server that has served this page.

export const about = "Everything stays on this machine. DNS is asked only if you choose so.";
export const live = {
  isPossible: true,
  pages: [],
  about: "The DNS servers of this machine then learn the names that are looked up: those of the domain and its includes, "
    + "and those of known mail services, to find out whose an address is.",
};

// Returns the answer to a request, as spfengine.web.answers describes it.
export async function ask(request) {
  const response = await fetch(request.live ? "live-answer" : "answer", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  const type = response.headers.get("content-type") ?? "";
  return type.startsWith("application/json") ? response.json() : { error: await response.text(), field: "" };
}

// Calls `tell` with what happens until the engine is ready.
export async function start(tell) {
  tell("");
}
