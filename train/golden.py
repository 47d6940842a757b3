"""Vectors of some texts, for `tests/fixtures/embedder/finder_golden.json`:
`python3 golden.py IN/finder.safetensors OUT.json`. The base model runs in f32, the adapter in the f16 of its file."""

import json
import sys

import torch
from safetensors.torch import load_file

import minilm
import texts

TEXTS = [
    "how do i price an add on",
    "Should I tell my boss that I am interviewing?",
    "Ask ten customers what they would pay, write the figures down, and raise the price until two of them leave.",
    "wie viel",
]


@torch.no_grad()
def main(source, target):
    model = minilm.Finder()
    weights = {name: tensor.half().float() for name, tensor in load_file(source).items()}
    unknown = model.load_state_dict(weights, strict=False).unexpected_keys
    assert not unknown, unknown
    layout = texts.Layout(minilm.tokenizer())
    vectors = [model.exact(layout.of(text)) for text in TEXTS]
    lines = [json.dumps({"text": text, "vector": [round(x, 6) for x in v.tolist()]}) for text, v in zip(TEXTS, vectors)]
    with open(target, "w") as file:
        file.write("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
