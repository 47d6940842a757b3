"""Drives a headless Chromium through the page, by the Chrome DevTools Protocol.

Usage: browser.py CHROMIUM PAGE QUESTION
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import urllib.request

import websockets

browser, page, question = sys.argv[1:]
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script> why?"


async def call(socket, method, **params):
    call.number += 1
    await socket.send(json.dumps({"id": call.number, "method": method, "params": params}))
    while True:
        message = json.loads(await asyncio.wait_for(socket.recv(), 60))
        if message.get("method") == "Log.entryAdded":
            call.log.append(message["params"]["entry"])
        if message.get("id") == call.number:
            assert "error" not in message, message
            return message["result"]


call.number, call.log = 0, []


async def value(socket, expression):
    result = await call(socket, "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
    assert "exceptionDetails" not in result, result
    return result["result"].get("value")


async def ask(socket, number, text):
    await value(socket, f"""
        document.getElementById("question").value = {json.dumps(text)};
        document.getElementById("ask").click();
    """)
    done = f"document.querySelectorAll('article[data-done]').length === {number}"
    for _ in range(600):
        if await value(socket, done):
            break
        await asyncio.sleep(0.1)
    article = f"document.querySelectorAll('article')[{number - 1}]"
    return json.loads(await value(socket, f"""JSON.stringify({{
        heading: {article}.querySelector("h2").textContent,
        answer: {article}.querySelector("p").textContent,
        sources: [...{article}.querySelectorAll("li code")].map((source) => source.textContent),
        inside: {article}.querySelectorAll("img, script").length,
        wrong: {article}.querySelectorAll(".wrong").length,
    }})"""))


async def drive(port):
    for _ in range(100):
        try:
            targets = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/json"))
            break
        except OSError:
            await asyncio.sleep(0.2)
    target = next(target for target in targets if target["type"] == "page")
    async with websockets.connect(target["webSocketDebuggerUrl"], max_size=None) as socket:
        await call(socket, "Log.enable")
        await call(socket, "Page.enable")
        await call(socket, "Page.navigate", url=page)
        while not await value(socket, "document.readyState === 'complete' && !!document.getElementById('form')"):
            await asyncio.sleep(0.1)
        answered = await ask(socket, 1, question)
        assert answered["heading"] == question, answered
        assert "[1]" in answered["answer"] and answered["sources"] and not answered["wrong"], answered
        hostile = await ask(socket, 2, HOSTILE)
        assert hostile["heading"] == HOSTILE and hostile["inside"] == 0, hostile
        assert await value(socket, "document.title") == "askpm"
        # The policy holds even against a script that is put into the page.
        title = await value(socket, """
            (async () => {
                const script = document.createElement("script");
                try { script.textContent = "document.title = 'owned'"; document.body.append(script); } catch {}
                await new Promise((after) => setTimeout(after, 200));
                return document.title;
            })()
        """)
        assert title == "askpm", title
        blocked = await value(socket, "fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')")
        assert blocked == "refused", blocked


# The browser may still write while it ends.
with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
    arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen([browser, *arguments], stderr=subprocess.PIPE, text=True)
    try:
        port = None
        for line in process.stderr:
            if "DevTools listening on ws://" in line:
                port = int(line.split("ws://127.0.0.1:")[1].split("/")[0])
                break
        assert port, "the browser did not start"
        asyncio.run(drive(port))
    finally:
        process.kill()
        process.wait()
