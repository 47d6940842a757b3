// Asks the server of this page and shows the answer. Everything from the server is set as text, never as HTML.
"use strict";

const $ = (id) => document.getElementById(id);
const form = $("form"), question = $("question"), turns = $("turns"), state = $("state");
const askButton = $("ask"), stopButton = $("stop");

const history = [];
let running = null;

function element(parent, name, text, kind) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  if (kind) made.className = kind;
  parent.append(made);
  return made;
}

// Shows the sources: one line per discussion, with all its citation marks.
function showSources(turn, sources) {
  if (!sources || sources.length === 0) return;
  const groups = new Map();
  for (const source of sources) {
    const id = source.id.split("/").slice(0, 2).join("/");
    if (!groups.has(id)) groups.set(id, { source, marks: [] });
    groups.get(id).marks.push(`[${source.n}]`);
  }
  const list = element(turn, "ul");
  for (const [id, { source, marks }] of groups) {
    const item = element(list, "li");
    const parts = [source.discussion, source.edition, source.date].filter(Boolean);
    element(item, "span", `${marks.join(" ")} ${parts.join(" · ")} `);
    element(item, "code", id);
  }
}

// Shows learning resources on the topic.
function showReading(turn, reading) {
  if (!reading || reading.length === 0) return;
  element(turn, "h3", "Further reading");
  const list = element(turn, "ul");
  for (const one of reading) {
    element(list, "li", [one.title, one.kind, one.link].filter(Boolean).join(", "));
  }
}

// Shows other discussions that may answer.
function showOthers(turn, others) {
  if (!others || others.length === 0) return;
  element(turn, "h3", "See also");
  const list = element(turn, "ul");
  for (const one of others) {
    const item = element(list, "li");
    element(item, "span", `${one.discussion} `);
    element(item, "code", one.id);
  }
}

// Yields the data of each server-sent event of `response`.
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += value;
    const whole = rest.split("\n\n");
    rest = whole.pop();
    for (const event of whole) {
      if (event.startsWith("data: ")) yield event.slice(6);
    }
  }
}

async function wrongOf(response) {
  const again = response.headers.get("retry-after");
  let message = "the server returned status " + response.status;
  try {
    message = (await response.json()).error.message;
  } catch { /* Not an error object: report only the status. */ }
  return new Error(again ? `${message} (retry in ${again} s)` : message);
}

async function ask(text) {
  const turn = element(turns, "article");
  element(turn, "h2", text);
  const answer = element(turn, "p");
  turn.scrollIntoView({ block: "end" });
  running = new AbortController();
  const messages = [...history, { role: "user", content: text }].slice(-20);
  let said = "";
  try {
    const response = await fetch("/v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "askpm", stream: true, messages }),
      signal: running.signal,
    });
    if (!response.ok) throw await wrongOf(response);
    let last = null;
    for await (const data of events(response)) {
      if (data === "[DONE]") break;
      const chunk = JSON.parse(data);
      if (chunk.error) throw new Error(chunk.error.message);
      if (chunk.askpm) last = chunk;
      said += chunk.choices[0]?.delta?.content ?? "";
      answer.textContent = said;
    }
    if (!last) throw new Error("the answer was interrupted");
    if (last.askpm.abstained) answer.className = "nothing";
    for (const note of last.askpm.notes) element(turn, "p", note, "nothing");
    showReading(turn, last.askpm.further_reading);
    showOthers(turn, last.askpm.see_also);
    showSources(turn, last.sources);
    history.push({ role: "user", content: text }, { role: "assistant", content: said });
  } catch (error) {
    const stopped = error.name === "AbortError";
    element(turn, "p", stopped ? "stopped" : error.message, stopped ? "nothing" : "wrong");
  } finally {
    running = null;
    turn.dataset.done = "yes";
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = question.value.trim();
  if (running || text === "") return;
  question.value = "";
  askButton.disabled = true;
  stopButton.hidden = false;
  state.textContent = "searching…";
  await ask(text);
  state.textContent = "";
  askButton.disabled = false;
  stopButton.hidden = true;
  question.focus();
});

stopButton.addEventListener("click", () => running?.abort());

question.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
