"""Scores a reader on whole worlds: `python3 exam.py OUT/reader.safetensors orchard quarry`."""

import json
import sys

import torch
from safetensors.torch import load_file

import examples
import minilm
import reader
import texts


def main(weights, worlds):
    torch.set_num_threads(1)
    model = minilm.Reader()
    unknown = model.load_state_dict(load_file(weights), strict=False).unexpected_keys
    assert not unknown, unknown
    layout = texts.Layout(minilm.tokenizer())
    for name in worlds:
        world = examples.World(name, model, layout)
        print(name, json.dumps(reader.scores(model, examples.Below(model), world, most=len(world.questions))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
