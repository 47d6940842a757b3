// Asks a server with OpenAI's own client for Node, and checks what it makes of the replies.
//
// Usage: node openai_client.mjs MODULES BASE_URL QUESTION QUESTION_THAT_THE_CORPUS_DOES_NOT_ANSWER
// MODULES is the folder that has `node_modules`.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const [modules, baseURL, question, elsewhere] = process.argv.slice(2);
const OpenAI = createRequire(`${modules}/`)("openai");
const client = new OpenAI({ baseURL, apiKey: "none", maxRetries: 0 });
const ask = (text, more = {}) =>
  client.chat.completions.create({ model: "askpm", messages: [{ role: "user", content: text }], ...more });

const models = [];
for await (const model of client.models.list()) models.push(model.id);
assert.deepEqual(models, ["askpm"]);

const whole = await ask(question);
const text = whole.choices[0].message.content;
assert.match(text, /\[1\]/);
assert.equal(whole.choices[0].finish_reason, "stop");
assert.ok(whole.sources[0].quote);

let streamed = "";
let last;
for await (const chunk of await ask(question, { stream: true })) {
  if (chunk.choices.length === 0) continue;
  streamed += chunk.choices[0].delta.content ?? "";
  last = chunk;
}
assert.equal(streamed, text);
assert.equal(last.choices[0].finish_reason, "stop");
assert.deepEqual(last.sources, whole.sources);

const nothing = await ask(elsewhere);
assert.equal(nothing.askpm.abstained, true);

await assert.rejects(ask(question, { model: "gpt-4o" }), OpenAI.NotFoundError);
await assert.rejects(ask(question, { n: 2 }), OpenAI.BadRequestError);
