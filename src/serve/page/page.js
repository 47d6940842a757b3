// Asks the server of this page and shows the answer. Everything from the server is set as text, never as HTML.
"use strict";

const $ = (id) => document.getElementById(id);
const form = $("form"), question = $("question"), turns = $("turns"), state = $("state");
const askButton = $("ask"), stopButton = $("stop"), examples = $("examples");

const tokenForm = $("token-form"), tokenInput = $("token"), tokenWrong = $("token-wrong");
// The server sets this if it needs a token.
const needsToken = "token" in document.body.dataset;
const TOKEN = "askpm-token";

const history = [];
let running = null;

function element(parent, name, text, kind) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  if (kind) made.className = kind;
  parent.append(made);
  return made;
}

// Shows `text` as paragraphs. A mark such as [2] becomes a link to the source that has this number.
function showText(parent, text, turn, sources) {
  const known = new Set(sources.map((source) => `[${source.n}]`));
  for (const paragraph of text.split(/\n{2,}/).filter(Boolean)) {
    const shown = element(parent, "p");
    for (const part of paragraph.split(/(\[\d+\])/)) {
      if (known.has(part)) {
        const link = element(shown, "a", part);
        link.href = `#${turn.id}-${part.slice(1, -1)}`;
        link.setAttribute("aria-label", `Source ${part.slice(1, -1)}`);
        link.addEventListener("click", () => reveal(link.hash.slice(1)));
      } else {
        shown.append(part);
      }
    }
  }
}

// Opens a source before the browser jumps to it. Older browsers do not open it themselves.
function reveal(id) {
  const details = $(id)?.closest("details");
  if (details) details.open = true;
}

// Shows one discussion that opens in place, with its quotes. The API returns no text around a quote.
function showDiscussion(turn, id, quotes) {
  const details = element(turn, "details");
  const marks = quotes.filter((one) => one.n).map((one) => `[${one.n}]`);
  element(details, "summary", [...marks, quotes[0].discussion].join(" "));
  element(details, "p", [quotes[0].edition, quotes[0].date].filter(Boolean).join(" · "), "soft");
  for (const one of quotes) {
    const figure = element(details, "figure");
    if (one.n) {
      figure.id = `${turn.id}-${one.n}`;
      figure.tabIndex = -1;
      element(figure, "figcaption", [`[${one.n}]`, one.contributor].filter(Boolean).join(" "));
    }
    element(element(figure, "blockquote"), "mark", one.quote);
    for (const copy of one.also_in ?? []) {
      element(figure, "p", ["Also in: " + copy.edition, copy.date].filter(Boolean).join(" · "), "soft");
    }
  }
  element(element(details, "p", "Read it all in a terminal: ", "soft"), "code", `askpm show ${id}`);
}

// Shows the sources: one entry per discussion, with all its citations.
function showSources(turn, sources) {
  if (sources.length === 0) return;
  element(turn, "h3", sources.length === 1 ? "Source" : "Sources");
  const groups = new Map();
  for (const source of sources) {
    const id = source.id.split("/").slice(0, 2).join("/");
    groups.set(id, [...(groups.get(id) ?? []), source]);
  }
  for (const [id, quotes] of groups) showDiscussion(turn, id, quotes);
}

// Shows the discussions that are nearest to a question without an answer.
function showRelated(turn, related) {
  if (!related || related.length === 0) return;
  element(turn, "h3", "The nearest discussions, in case one of them helps");
  for (const one of related) showDiscussion(turn, one.id, [one]);
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
    if (one.in_short) element(item, "p", one.in_short, "soft");
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

// Sends a request with the token of this tab. The token is only ever in this header.
async function request(path, options) {
  const token = sessionStorage.getItem(TOKEN);
  const headers = token ? { ...options.headers, authorization: `Bearer ${token}` } : options.headers;
  try {
    return await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    const wayOut = needsToken ? "Try again in a minute." : "Start it again: askpm serve";
    throw new Error(`The server does not respond. ${wayOut}`);
  }
}

function send(messages, signal) {
  const body = JSON.stringify({ model: "askpm", stream: true, messages });
  const headers = { "content-type": "application/json" };
  return request("/v1/chat/completions", { method: "POST", headers, body, signal });
}

// Shows the form for the token instead of the page, or the page again.
function showTokenForm(shown, why) {
  tokenForm.hidden = !shown;
  form.hidden = examples.hidden = shown;
  if (!shown && turns.children.length > 0) examples.hidden = true;
  tokenWrong.textContent = why ?? "";
  (shown ? tokenInput : question).focus();
}

// Keeps the token if the server accepts it.
async function tryToken(token) {
  sessionStorage.setItem(TOKEN, token);
  let why = "";
  try {
    const response = await request("/v1/models", {});
    if (response.status === 401) why = "The server does not accept this token.";
    else if (!response.ok) why = (await wrongOf(response)).message;
  } catch (error) {
    why = error.message;
  }
  if (why) sessionStorage.removeItem(TOKEN);
  else tokenInput.value = "";
  showTokenForm(why !== "", why);
}

// Adds an empty turn for the question.
function addTurn(text) {
  const turn = element(turns, "article");
  turn.id = `turn-${turns.children.length}`;
  turn.setAttribute("aria-labelledby", `${turn.id}-title`);
  const title = element(turn, "h2", text);
  title.id = `${turn.id}-title`;
  title.tabIndex = -1;
  return turn;
}

// On a phone, focus in the input opens a keyboard that covers the answer. So the focus goes to the question there.
function focusFor(turn) {
  const touch = matchMedia("(pointer: coarse)").matches;
  (touch ? turn.querySelector("h2") : question).focus({ preventScroll: true });
}

async function answer(turn, text) {
  // Screen readers announce each change of `live`. So it gets the whole answer at once, and they skip the growing text.
  const live = element(turn, "div", "", "answer");
  live.setAttribute("aria-live", "polite");
  const growing = element(turn, "p");
  growing.setAttribute("aria-hidden", "true");
  const whole = document.createDocumentFragment();
  const messages = [...history, { role: "user", content: text }].slice(-20);
  let said = "";
  try {
    const response = await send(messages, running.signal);
    if (response.status === 401 && needsToken) {
      sessionStorage.removeItem(TOKEN);
      question.value = text;
      showTokenForm(true, "The server no longer accepts the token. Your question is kept.");
    }
    if (!response.ok) throw await wrongOf(response);
    let last = null;
    for await (const data of events(response)) {
      if (data === "[DONE]") break;
      const chunk = JSON.parse(data);
      if (chunk.error) throw new Error(chunk.error.message);
      if (chunk.askpm) last = chunk;
      said += chunk.choices[0]?.delta?.content ?? "";
      growing.textContent = said;
    }
    if (!last) throw new Error("the answer was interrupted");
    const { abstained, notes, related, further_reading, see_also } = last.askpm;
    const sources = last.sources ?? [];
    // The text of an abstention lists the related discussions. They are shown below it instead.
    if (abstained) element(whole, "p", said.split("\n")[0], "nothing");
    else showText(whole, said, turn, sources);
    for (const note of notes) element(whole, "p", note, "nothing");
    showSources(turn, sources);
    showRelated(turn, related);
    showReading(turn, further_reading);
    showOthers(turn, see_also);
    history.push({ role: "user", content: text }, { role: "assistant", content: said });
  } catch (error) {
    const stopped = error.name === "AbortError";
    whole.replaceChildren();
    showText(whole, said, turn, []);
    element(whole, "p", stopped ? "Stopped." : error.message, stopped ? "nothing" : "wrong");
  } finally {
    growing.remove();
    live.append(whole);
    turn.dataset.done = "yes";
  }
}

async function ask(text) {
  if (running || text === "") return;
  running = new AbortController();
  examples.hidden = true;
  // A disabled button would lose the focus.
  askButton.setAttribute("aria-disabled", "true");
  stopButton.hidden = false;
  state.textContent = "Searching…";
  const turn = addTurn(text);
  turn.scrollIntoView();
  focusFor(turn);
  await answer(turn, text);
  running = null;
  state.textContent = "";
  if (document.activeElement === stopButton) focusFor(turn);
  stopButton.hidden = true;
  askButton.removeAttribute("aria-disabled");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (running) return;
  const text = question.value.trim();
  question.value = "";
  ask(text);
});

tokenForm.addEventListener("submit", (event) => {
  event.preventDefault();
  const token = tokenInput.value.trim();
  // A header holds only printable ASCII.
  if (/^[\x21-\x7e]+$/.test(token)) tryToken(token);
  else showTokenForm(true, "A token has no spaces and no accented letters.");
});

stopButton.addEventListener("click", () => running?.abort());

for (const button of examples.querySelectorAll("button")) {
  button.addEventListener("click", () => ask(button.textContent));
}

question.addEventListener("keydown", (event) => {
  // While an input method composes a word, Enter accepts the word.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

if (needsToken && !sessionStorage.getItem(TOKEN)) showTokenForm(true);
