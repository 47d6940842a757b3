"""What the reader reads: discussions, questions, and how texts are laid out. `src/retrieve/dense/reader.rs` does the same."""

import json
import pathlib
from dataclasses import dataclass, field

QUESTION, TITLE, ASKER, PASSAGE = 64, 32, 48, 320
CLS, SEP = 101, 102
DATA = pathlib.Path(__file__).parent / "data"


@dataclass
class Discussion:
    id: str
    title: str
    asker: str
    # Of each answer, its sentences.
    answers: list
    lines: list = field(default_factory=list)
    edition: str = ""


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
            one["id"], one["title"], one["question"], sentences, [a["line"] for a in one["answers"]], one["edition"]
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
    """The texts `[CLS] question [SEP]`, `[CLS] title asker [SEP]` and `[CLS] sentences [SEP]`, each cut to its room."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self.known = {}

    def tokens(self, text):
        if text not in self.known:
            self.known[text] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return self.known[text]

    def question(self, text):
        return (CLS, *self.tokens(text)[:QUESTION], SEP)

    def heading(self, title, asker):
        return (CLS, *self.tokens(title)[:TITLE], *self.tokens(asker)[:ASKER], SEP)

    def passage(self, sentences):
        """The text of the sentences that fit, and of each its (first token, last token + 1) in it."""
        ids, spans = [CLS], []
        for sentence in sentences:
            tokens = self.tokens(sentence)[:PASSAGE]
            if len(ids) > 1 and len(ids) - 1 + len(tokens) > PASSAGE:
                break
            spans.append((len(ids), len(ids) + len(tokens)))
            ids += tokens
        return (*ids, SEP), spans
