"""Scores a finder on whole worlds: `python3 exam.py OUT/finder.safetensors orchard quarry`, and the base with `base`."""

import json
import sys

from safetensors.torch import load_file

import finder
import minilm
import texts


def main(weights, worlds):
    model = minilm.Finder()
    if weights != "base":
        unknown = model.load_state_dict(load_file(weights), strict=False).unexpected_keys
        assert not unknown, unknown
    layout = texts.Layout(minilm.tokenizer())
    for name in worlds:
        print(name, json.dumps(finder.scores(model, texts.World(name, layout))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
