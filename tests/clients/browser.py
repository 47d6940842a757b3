"""Drives a headless Chromium through the page on the screen of a phone, by the Chrome DevTools Protocol.

Usage: browser.py CHROMIUM PAGE QUESTION [TOKEN]
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import urllib.request

import websockets

browser, page, question, *token = sys.argv[1:]
# The word at the end is wider than the screen.
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script> why? " + 400 * "x"


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


async def press_enter(socket, shift=False):
    key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "modifiers": 8 if shift else 0}
    await call(socket, "Input.dispatchKeyEvent", type="keyDown", text="\r", **key)
    await call(socket, "Input.dispatchKeyEvent", type="keyUp", **key)


async def click(socket, element):
    """Clicks where the element is, so that one which is hidden or covered cannot be clicked."""
    await value(socket, f"{element}.scrollIntoView({{block: 'center'}})")
    x, y = await value(socket, f"""(() => {{
        const box = {element}.getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2];
    }})()""")
    for kind in ["mousePressed", "mouseReleased"]:
        await call(socket, "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


async def turn(socket, number):
    """Waits for the answer to a question and returns what the page shows of it."""
    done = f"document.querySelectorAll('article[data-done]').length === {number}"
    for _ in range(600):
        if await value(socket, done):
            break
        await asyncio.sleep(0.1)
    else:
        raise AssertionError(f"no answer to question {number}")
    article = f"document.querySelectorAll('article')[{number - 1}]"
    return json.loads(await value(socket, f"""JSON.stringify({{
        heading: {article}.querySelector("h2").textContent,
        answer: {article}.querySelector(".answer").textContent,
        sources: [...{article}.querySelectorAll("details code")].map((source) => source.textContent),
        inside: {article}.querySelectorAll("img, script").length,
        wrong: {article}.querySelectorAll(".wrong").length,
    }})"""))


async def ask(socket, number, text):
    await value(socket, f"""
        document.getElementById("question").value = {json.dumps(text)};
        document.getElementById("ask").click();
    """)
    return await turn(socket, number)


async def check_example(socket):
    example = "document.querySelector('#examples button')"
    text = await value(socket, f"{example}.textContent")
    await click(socket, example)
    asked = await turn(socket, 1)
    assert asked["heading"] == text and asked["answer"] and not asked["wrong"], asked
    assert await value(socket, "document.getElementById('examples').hidden"), "the examples are still shown"


async def check_keys(socket):
    """Asks with the keyboard."""
    # Collects what a screen reader announces.
    await value(socket, """
        announced = [];
        new MutationObserver((changes) => {
            for (const { target, addedNodes } of changes) {
                const text = [...addedNodes].map((node) => node.textContent).join("");
                if (target.closest("[aria-live], [role=status], [role=alert]")) announced.push(text);
            }
        }).observe(document.body, { childList: true, subtree: true });
        document.getElementById("question").focus();
    """)
    await call(socket, "Input.insertText", text=question)
    await press_enter(socket, shift=True)
    typed = await value(socket, "document.getElementById('question').value")
    assert typed == question + "\n", f"Shift+Enter makes no new line: {typed!r}"
    await press_enter(socket)
    answered = await turn(socket, 2)
    assert answered["heading"] == question, answered
    assert "[1]" in answered["answer"] and answered["sources"] and not answered["wrong"], answered
    announced = await value(socket, "announced")
    about = [text for text in announced if answered["answer"][:20] in text]
    assert about == [answered["answer"]], announced
    box = "document.querySelector('{}').getBoundingClientRect()".format
    title = await value(socket, box("article:last-child h2") + ".top")
    assert 0 <= title < 100, f"the answer is not at the top of the screen: {title}"
    # Far from the end of the page, too.
    await value(socket, "scrollTo(0, 0)")
    ends = await value(socket, box("#ask") + ".bottom")
    assert 0 < ends <= 812, f"the input is not on the screen: {ends}"
    await call(socket, "Input.dispatchKeyEvent", type="keyDown", key="a", text="a")
    await value(socket, "new Promise((after) => setTimeout(after, 200))")
    typed = await value(socket, "[document.getElementById('question').value, scrollY]")
    assert typed == ["a", 0], f"typing moves the page: {typed}"
    return answered


async def check_source(socket, answered):
    details = "document.querySelector('article:last-child details')"
    mark = f"{details}.querySelector('blockquote mark')"
    assert not await value(socket, f"{mark}.checkVisibility()"), "the source is open before a click"
    await click(socket, f"{details}.querySelector('summary')")
    assert await value(socket, f"{mark}.checkVisibility()"), "the source does not open"
    quote = await value(socket, f"{mark}.textContent")
    # Without a model, the answer has the words of the quote.
    assert quote and quote in answered["answer"], (quote, answered)
    await click(socket, f"{details}.querySelector('summary')")
    assert not await value(socket, f"{details}.open"), "the source does not close"
    await click(socket, "document.querySelector('article:last-child .answer a')")
    assert await value(socket, f"{mark}.checkVisibility()"), "the mark [1] does not open its source"


async def enter_token(socket, text):
    await value(socket, "document.getElementById('token').value = ''; document.getElementById('token').focus()")
    await call(socket, "Input.insertText", text=text)
    await press_enter(socket)


async def until(socket, expression):
    for _ in range(600):
        if await value(socket, expression):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"never: {expression}")


FORMS = "[document.getElementById('token-form').hidden, document.getElementById('form').hidden].join()"


async def check_token(socket):
    """Enters a wrong token, and then the right one."""
    assert await value(socket, FORMS) == "false,true", "the page does not ask for the token"
    assert await value(socket, "document.activeElement.id") == "token"
    await check_width(socket)
    for wrong in ["wrong-token-wrong-token", "wrong tok\u00e9n"]:
        await enter_token(socket, wrong)
        await until(socket, "document.getElementById('token-wrong').textContent !== ''")
        assert await value(socket, FORMS) == "false,true", "a wrong token is accepted"
        assert await value(socket, "sessionStorage.length") == 0
        await value(socket, "document.getElementById('token-wrong').textContent = ''")
    await enter_token(socket, token[0])
    await until(socket, f"{FORMS} === 'true,false'")
    assert await value(socket, "document.activeElement.id") == "question"
    assert await value(socket, "document.getElementById('token').value") == ""
    places = await value(socket, "[location.href, document.cookie, localStorage.length].join()")
    assert places == f"{page},,0", places


async def check_token_that_ends(socket):
    """The server no longer accepts the token: the page asks for it again, and keeps the question."""
    await value(socket, "sessionStorage.setItem('askpm-token', 'wrong-token-wrong-token')")
    refused = await ask(socket, 4, question)
    assert refused["wrong"] == 1 and not refused["sources"], refused
    assert await value(socket, FORMS) == "false,true", "the page does not ask for the token again"
    assert await value(socket, "document.getElementById('question').value") == question
    await enter_token(socket, token[0])
    await until(socket, f"{FORMS} === 'true,false'")
    await value(socket, "document.getElementById('ask').click()")
    answered = await turn(socket, 5)
    assert answered["sources"] and not answered["wrong"], answered
    # The browser reports the replies with status 401 in its log.
    call.log[:] = [entry for entry in call.log if "status of 401" not in entry["text"]]


async def check_width(socket):
    await value(socket, "for (const details of document.querySelectorAll('details')) details.open = true")
    widths = await value(socket, """({
        screen: document.documentElement.clientWidth,
        page: document.documentElement.scrollWidth,
    })""")
    assert widths == {"screen": 375, "page": 375}, widths


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
        phone = {"width": 375, "height": 812, "deviceScaleFactor": 1, "mobile": True}
        await call(socket, "Emulation.setDeviceMetricsOverride", **phone)
        await call(socket, "Page.navigate", url=page)
        while not await value(socket, "document.readyState === 'complete' && !!document.getElementById('form')"):
            await asyncio.sleep(0.1)
        if token:
            await check_token(socket)
        else:
            assert await value(socket, FORMS) == "true,false", "the page asks for a token that nobody needs"
        await check_width(socket)
        await check_example(socket)
        answered = await check_keys(socket)
        await check_source(socket, answered)
        hostile = await ask(socket, 3, HOSTILE)
        assert hostile["heading"] == HOSTILE and hostile["inside"] == 0, hostile
        assert await value(socket, "document.title") == "askpm"
        await check_width(socket)
        if token:
            await check_token_that_ends(socket)
        loaded = await value(socket, "performance.getEntriesByType('resource').map((entry) => entry.name)")
        assert len(loaded) > 2 and all(name.startswith(page) for name in loaded), loaded
        assert not any(known in name for known in token for name in loaded), loaded
        # The policy blocks requests to elsewhere, and the log has what it blocked.
        # Chromium notes there that the form of the token took the focus first.
        assert all(entry["level"] == "info" for entry in call.log), call.log
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
