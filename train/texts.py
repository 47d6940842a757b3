"""Reads a world of `data/`, and lays its texts out as `src/retrieve/dense/embedder.rs` does."""

import json
import pathlib
from dataclasses import dataclass

TITLE, TOKENS = 64, 256
CLS, SEP = 101, 102
DATA = pathlib.Path(__file__).parent / "data"


@dataclass
class Discussion:
    id: str
    title: str
    asker: str
    # Of each answer, its sentences.
    answers: list
    edition: str


@dataclass
class Question:
    text: str
    answers: list
    related: list
    # (discussion, answer, first sentence, last sentence), from 0.
    runs: list
    lead: str
    world: str


def worlds():
    return sorted(path.name.removesuffix(".discussions.jsonl") for path in DATA.glob("*.discussions.jsonl"))


def read(world):
    lines = lambda kind: [json.loads(line) for line in (DATA / f"{world}.{kind}.jsonl").open() if line.strip()]
    discussions = {}
    for one in lines("discussions"):
        sentences = [list(answer["s"].values()) for answer in one["answers"]]
        discussions[one["id"]] = Discussion(
            one["id"], one["title"], one["question"], sentences, one["edition"]
        )
    questions = []
    for one in lines("questions"):
        runs = []
        for run in one.get("runs", []):
            where, span = run.split(":")
            discussion, answer = where.split("/a")
            first, last = (span.split("-") * 2)[:2]
            runs.append((discussion, int(answer) - 1, int(first) - 1, int(last) - 1))
        questions.append(Question(one["q"], one["answers"], one["related"], runs, one.get("lead", ""), world))
    return discussions, questions


class Layout:
    """Texts as tuples of token identifiers: `[CLS] title text [SEP]`, cut to the length that the model was trained with."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer

    def tokens(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def of(self, text, title=""):
        title = self.tokens(title)[:TITLE]
        return (CLS, *title, *self.tokens(text)[: TOKENS - 2 - len(title)], SEP)


class World:
    """One world: its discussions and questions, and their texts."""

    def __init__(self, name, layout):
        self.discussions, self.questions = read(name)
        self.place = {id: at for at, id in enumerate(self.discussions)}
        self.asked = [layout.of(question.text) for question in self.questions]
        self.headings = [layout.of(one.asker, one.title) for one in self.discussions.values()]
        self.passages = {
            id: [layout.of(" ".join(answer), one.title) for answer in one.answers]
            for id, one in self.discussions.items()
        }
