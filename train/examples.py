"""Makes what the reader learns from: for each question some discussions, read by the passage that a search would find."""

import random
from collections import defaultdict
from dataclasses import dataclass

import torch

import texts

# Discussions that a search would gather for a question, as `src/ask/gather.rs` does, and one more.
GATHERED = 5


@dataclass
class Example:
    # The texts of question, heading and passage, as `texts.Layout` makes them.
    parts: tuple
    # Of each sentence, its tokens in the passage.
    spans: list
    # Index into `minilm.CLASSES`, or -1 where the text is read for its sentences alone.
    label: int
    # 0 or 1 for each sentence; empty where nobody said.
    keys: list

    def __len__(self):
        return sum(len(part) for part in self.parts)


class World:
    """One world of `data/`: its discussions, its questions, and how near each is to each."""

    def __init__(self, name, model, layout):
        self.layout = layout
        self.discussions, self.questions = texts.read(name)
        owners, passages = [], []
        for id, discussion in self.discussions.items():
            for at, answer in enumerate(discussion.answers):
                owners.append((id, at))
                passages.append(layout.tokens(discussion.title)[:64] + layout.tokens(" ".join(answer)))
        near = embed(model, [layout.tokens(q.text) for q in self.questions]) @ embed(model, passages).T
        self.found = []
        for row in near:
            best = {}
            for at in row.argsort(descending=True).tolist():
                best.setdefault(owners[at][0], owners[at][1])
            self.found.append(list(best.items()))

    def label(self, question, id):
        return 0 if id in question.answers else 1 if id in question.related else 2

    def relevance(self, number, id, answer):
        """The example that asks whether discussion `id`, found by its `answer`, answers."""
        question, discussion = self.questions[number], self.discussions[id]
        keys = self.keys(question, id, answer)
        return self.example(question, discussion, answer, self.label(question, id), keys)

    def keys(self, question, id, answer):
        if not any(run[0] == id for run in question.runs):
            return []
        own = [(a, b) for d, at, a, b in question.runs if (d, at) == (id, answer)]
        sentences = range(len(self.discussions[id].answers[answer]))
        return [int(any(a <= n <= b for a, b in own)) for n in sentences]

    def example(self, question, discussion, answer, label, keys):
        passage, spans = self.layout.passage(discussion.answers[answer])
        heading = self.layout.heading(discussion.title, discussion.asker)
        parts = (self.layout.question(question.text), heading, passage)
        return Example(parts, spans, label, keys[: len(spans)])

    def training(self, chance):
        """This epoch's examples: what answers, what is related, something that is off, and the voices."""
        out = []
        for number, question in enumerate(self.questions):
            found = self.found[number]
            best = dict(found)
            for id in question.answers:
                out.append(self.relevance(number, id, best[id]))
            near = [id for id in question.related if id in best]
            for id in near[:1] + chance.sample(near[1:], min(1, len(near) - 1) if len(near) > 1 else 0):
                out.append(self.relevance(number, id, best[id]))
            off = [id for id, _ in found[:GATHERED] if self.label(question, id) == 2]
            for id in chance.sample(off, min(len(off), 1 if question.answers else 2)):
                out.append(self.relevance(number, id, best[id]))
            for id in question.answers[:1]:
                others = [at for at in range(len(self.discussions[id].answers)) if at != best[id]]
                for at in chance.sample(others, min(2, len(others))):
                    keys = self.keys(question, id, at)
                    out.append(self.example(question, self.discussions[id], at, -1, keys))
        return out

    def development(self):
        """For each question: its kind, the examples of the discussions found, and those of the answering voices."""
        for number, question in enumerate(self.questions):
            found = self.found[number][: GATHERED - 1]
            kind = "answered" if question.answers else "near" if question.related else "far"
            voices = []
            for id in question.answers[:1]:
                for at in range(len(self.discussions[id].answers)):
                    voices.append(self.example(question, self.discussions[id], at, -1, self.keys(question, id, at)))
            yield kind, [self.relevance(number, id, at) for id, at in found], voices


@torch.no_grad()
def embed(model, all_tokens):
    """The base model's vectors of texts, `[CLS]` and `[SEP]` added, cut to 256 tokens as the embedder does."""
    model.eval()
    texts_ = [[texts.CLS, *tokens[:254], texts.SEP] for tokens in all_tokens]
    out = torch.zeros(len(texts_), 384)
    for batch in batches(texts_, lambda t: len(t)):
        ids, lengths = pad([texts_[n] for n in batch])
        out[batch] = model.embed(ids, lengths)
    return out


def batches(items, length, tokens=2560, chance=None):
    """Indices of items of like length, so many that their padded tokens stay below `tokens`."""
    jitter = (lambda: chance.random() * 16) if chance else (lambda: 0)
    order = sorted(range(len(items)), key=lambda n: length(items[n]) + jitter())
    out, batch = [], []
    for n in order:
        if batch and (len(batch) + 1) * length(items[n]) > tokens:
            out.append(batch)
            batch = []
        batch.append(n)
    if batch:
        out.append(batch)
    if chance:
        chance.shuffle(out)
    return out


def pad(texts_):
    lengths = torch.tensor([len(t) for t in texts_])
    ids = torch.zeros(len(texts_), int(lengths.max()), dtype=torch.long)
    for row, text in zip(ids, texts_):
        row[: len(text)] = torch.tensor(text)
    return ids, lengths


class Below:
    """The states of texts after the lower layers, each computed once."""

    def __init__(self, model):
        self.model = model
        self.known = {}

    def of(self, texts_):
        new = [text for text in dict.fromkeys(texts_) if text not in self.known]
        for batch in batches(new, len):
            ids, lengths = pad([new[n] for n in batch])
            states, _ = self.model.below(ids, lengths)
            for n, row in zip(batch, states):
                self.known[new[n]] = row[: len(new[n])].bfloat16()
        return [self.known[text] for text in texts_]


def collate(below, examples):
    """Inputs of the reader, and what is known: (classes, keys of all sentences, -1 where nobody said)."""
    lengths = torch.tensor([len(e) for e in examples])
    states = torch.zeros(len(examples), int(lengths.max()), 384)
    ends, spans, keys = [], [], []
    for at, example in enumerate(examples):
        own = torch.cat(below.of(example.parts))
        states[at, : len(own)] = own
        question, heading, _ = map(len, example.parts)
        ends.append((question, question + heading, len(example)))
        known = example.keys or [-1] * len(example.spans)
        for (start, end), key in zip(example.spans, known):
            spans.append((at, question + heading + start, question + heading + end))
            keys.append(key)
    classes = torch.tensor([e.label for e in examples])
    return (states, lengths, torch.tensor(ends), torch.tensor(spans)), classes, torch.tensor(keys)
