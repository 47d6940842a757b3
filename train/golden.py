"""What the reader makes of three texts, for `tests/fixtures/embedder/reader_golden.json`:
`python3 golden.py IN/reader.safetensors OUT.json`."""

import json
import sys

import torch
from safetensors.torch import load_file

import examples
import minilm
import reader
import texts

CASES = [
    (
        "how do i price an add on",
        "Pricing an add-on",
        "We sell scheduling to small ports. What should we ask?",
        [
            "Ask ten customers what they would pay, and write the figures down.",
            "Then raise the price until two of them leave.",
            "My own case was different: 40 euros a berth.",
        ],
    ),
    (
        "should I tell my boss that I am interviewing",
        "How do I leave well?",
        "",
        ["Do not announce a search.", "Hand over in writing, with a page for each open question."],
    ),
    (
        "wie viel",
        "Pay by level",
        "Is 80,000 enough?",
        [
            "Look it up.",
            "Ask two recruiters for the band; both will tell you a range, and the overlap is the truth.",
        ],
    ),
]


@torch.no_grad()
def main(source, target):
    model = minilm.Reader()
    model.load_state_dict(load_file(source), strict=False)
    model.eval()
    # The adapter is kept in f16.
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and name.startswith("layers"):
            parameter.data = parameter.data.half().float()
    layout = texts.Layout(minilm.tokenizer())
    out = []
    for question, title, asker, sentences in CASES:
        passage, spans = layout.passage(sentences)
        parts = (layout.question(question), layout.heading(title, asker), passage)
        example = examples.Example(parts, spans, -1, [])
        states = [model.below(*examples.pad([part]))[0][0] for part in parts]
        inputs, _, _ = examples.collate(examples.Below(model), [example])
        relevance, _ = model(torch.cat(states)[None], *inputs[1:])
        out.append(
            {
                "question": question,
                "title": title,
                "asker": asker,
                "sentences": sentences,
                "answers": reader.odds(relevance)[0].item(),
            }
        )
    with open(target, "w") as file:
        json.dump(out, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
