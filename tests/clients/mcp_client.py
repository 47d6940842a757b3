"""Calls the tools of `askpm mcp`, reads its resources and gets its prompt with the official client of the Model Context Protocol.

Usage: mcp_client.py ASKPM QUESTION QUESTION_THAT_THE_CORPUS_DOES_NOT_ANSWER
"""

import asyncio
import os
import sys

from mcp import ClientSession, StdioServerParameters, stdio_client

askpm, question, elsewhere = sys.argv[1:]
environment = {name: os.environ[name] for name in ("HOME", "ASKPM_CORPUS")}


def field(result, *names):
    """The first field that is there: its name differs between versions of the client."""
    return next(getattr(result, name) for name in names if hasattr(result, name))


def structured(result):
    return field(result, "structured_content", "structuredContent")


def failed(result):
    return bool(field(result, "is_error", "isError"))


async def main():
    server = StdioServerParameters(command=askpm, args=["mcp", "-m", "none"], env=environment)
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        tools = (await session.list_tools()).tools
        assert [tool.name for tool in tools] == ["search", "ask", "show"], tools

        # The client checks structured content against the schema that the tool declares.
        progress = []

        async def report(done, total, message):
            progress.append(message)

        answer = await session.call_tool("ask", {"question": question}, progress_callback=report)
        assert progress == [sentence["text"] for sentence in structured(answer)["sentences"]], progress
        assert not failed(answer) and "[1]" in answer.content[0].text, answer
        source = structured(answer)["citations"][0]
        assert source["quote"], answer

        shown = await session.call_tool("show", {"id": source["id"]})
        assert not failed(shown) and structured(shown)["id"] == source["id"], shown

        found = await session.call_tool("search", {"query": "price", "top_k": 1})
        assert len(structured(found)["hits"]) == 1, found

        nothing = await session.call_tool("ask", {"question": elsewhere})
        assert not failed(nothing) and structured(nothing)["abstained"] is True, nothing

        resources = (await session.list_resources()).resources
        assert f"askpm://edition/{source['id'].split('/')[0]}" in [str(resource.uri) for resource in resources], resources
        page = await session.read_resource(f"askpm://edition/{source['id']}")
        assert source["quote"].split()[0] in page.contents[0].text, page

        assert [prompt.name for prompt in (await session.list_prompts()).prompts] == ["ask"]
        prompt = await session.get_prompt("ask", {"question": question})
        assert prompt.messages[0].content.text.endswith(question), prompt

        missing = await session.call_tool("show", {"id": "no-such-edition"})
        assert failed(missing) and "no edition" in missing.content[0].text, missing


asyncio.run(main())
