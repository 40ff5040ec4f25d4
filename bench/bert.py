"""BERT-base's encoder in plain PyTorch: the same sizes and operators, whatever is installed."""
import torch
from torch import nn
from torch.nn import functional

WORDS, POSITIONS, KINDS = 30522, 512, 2
WIDTH, HEADS, INNER, LAYERS = 768, 12, 3072, 12
EPSILON = 1e-12


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.leave = nn.Linear(WIDTH, WIDTH)
        self.attention_norm = nn.LayerNorm(WIDTH, EPSILON)
        self.widen, self.narrow = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, EPSILON)

    def forward(self, x, mask):
        def heads(each):
            return each.unflatten(2, (HEADS, WIDTH // HEADS)).transpose(1, 2)
        attended = functional.scaled_dot_product_attention(
            heads(self.query(x)), heads(self.key(x)), heads(self.value(x)), attn_mask=mask)
        x = self.attention_norm(x + self.leave(attended.transpose(1, 2).flatten(2)))
        return self.norm(x + self.narrow(functional.gelu(self.widen(x))))


class Encoder(nn.Module):
    """[N, S] numbers of words and [N, S] ones where there is a word, to [N, S, 768]."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(WORDS, WIDTH)
        self.positions = nn.Embedding(POSITIONS, WIDTH)
        self.kinds = nn.Embedding(KINDS, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)

    def forward(self, input_ids, attention_mask):
        length = input_ids.shape[1]
        x = self.words(input_ids) + self.positions.weight[:length] + self.kinds.weight[0]
        x = self.norm(x)
        absent = 1 - attention_mask[:, None, None, :].to(x.dtype)
        mask = absent * -10000.0
        for layer in self.layers:
            x = layer(x, mask)
        return x
