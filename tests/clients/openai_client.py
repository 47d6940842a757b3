"""Asks a server with OpenAI's own client, and checks what it makes of the replies.

Usage: openai_client.py BASE_URL QUESTION QUESTION_THAT_THE_CORPUS_DOES_NOT_ANSWER [TOKEN]
"""

import sys

import openai

url, question, elsewhere, *token = sys.argv[1:]
client = openai.OpenAI(base_url=url, api_key=token[0] if token else "none", max_retries=0)

if token:
    try:
        openai.OpenAI(base_url=url, api_key="wrong", max_retries=0).models.list()
    except openai.AuthenticationError as refused:
        assert refused.code == "invalid_api_key", refused
    else:
        raise AssertionError("a wrong token was accepted")

assert [model.id for model in client.models.list()] == ["askpm"]


def messages(text):
    return [{"role": "user", "content": text}]


whole = client.chat.completions.create(model="askpm", messages=messages(question))
text = whole.choices[0].message.content
assert "[1]" in text, text
assert whole.choices[0].finish_reason == "stop"
assert whole.usage.total_tokens == 0
assert whole.sources[0]["quote"], whole

streamed, last = "", None
for chunk in client.chat.completions.create(model="askpm", messages=messages(question), stream=True):
    if chunk.choices:
        streamed += chunk.choices[0].delta.content or ""
        last = chunk
assert streamed == text, (streamed, text)
assert last.choices[0].finish_reason == "stop"
assert last.sources == whole.sources

nothing = client.chat.completions.create(model="askpm", messages=messages(elsewhere))
assert nothing.askpm["abstained"] is True, nothing

for bad, error in [
    ({"model": "gpt-4o"}, openai.NotFoundError),
    ({"n": 2}, openai.BadRequestError),
    ({"messages": []}, openai.BadRequestError),
]:
    try:
        client.chat.completions.create(**{"model": "askpm", "messages": messages(question), **bad})
    except error as told:
        assert told.code, told
    else:
        raise AssertionError(f"{bad} was answered")
