// Calls the tools of `askpm mcp`, reads its resources and gets its prompt with the official TypeScript client of the Model
// Context Protocol.
//
// Usage: node mcp_client.mjs MODULES ASKPM QUESTION QUESTION_THAT_THE_CORPUS_DOES_NOT_ANSWER
// MODULES is the folder that has `node_modules`.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const [modules, askpm, question, elsewhere] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = require("@modelcontextprotocol/sdk/client/stdio.js");

const client = new Client({ name: "test", version: "1" });
const { HOME, ASKPM_CORPUS } = process.env;
await client.connect(new StdioClientTransport({ command: askpm, args: ["mcp", "-m", "none"], env: { HOME, ASKPM_CORPUS } }));

const { tools } = await client.listTools();
assert.deepEqual(tools.map((tool) => tool.name), ["search", "ask", "show"]);

// The client checks structured content against the schema that the tool declares.
const progress = [];
const call = { name: "ask", arguments: { question } };
const answer = await client.callTool(call, undefined, { onprogress: (report) => progress.push(report) });
const [source] = answer.structuredContent.citations;
assert.match(answer.content[0].text, /\[1\]/);
// The client stops listening once it has the result, even if reports stood before it in the same piece of input.
const sentences = answer.structuredContent.sentences.map((sentence) => sentence.text);
assert.deepEqual(progress.map((report) => report.message), sentences.slice(0, progress.length));

const nothing = await client.callTool({ name: "ask", arguments: { question: elsewhere } });
assert.equal(nothing.structuredContent.abstained, true);
const missing = await client.callTool({ name: "show", arguments: { id: "no-such-edition" } });
assert.equal(missing.isError, true);

const { resources } = await client.listResources();
const slug = source.id.split("/")[0];
const edition = resources.find((resource) => resource.uri === `askpm://edition/${slug}`);
assert.ok(edition?.title, JSON.stringify(resources));
const { contents } = await client.readResource({ uri: `askpm://edition/${source.id}` });
assert.equal(contents[0].mimeType, "text/markdown");
assert.ok(contents[0].text.includes(source.quote.split(" ").slice(0, 4).join(" ")), contents[0].text);
await assert.rejects(client.readResource({ uri: "askpm://edition/no-such-edition" }), /no edition/);

const { prompts } = await client.listPrompts();
assert.deepEqual(prompts.map((prompt) => prompt.name), ["ask"]);
const prompt = await client.getPrompt({ name: "ask", arguments: { question } });
assert.ok(prompt.messages[0].content.text.endsWith(`Question: ${question}`));

await client.close();
