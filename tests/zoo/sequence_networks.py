"""Networks of transformers made from tiny configurations, and recurrent ones."""
import torch
from network import Network

TOKENS, VOCABULARY = 12, 99


def ids(batch=2, length=TOKENS):
    return torch.randint(3, VOCABULARY, (batch, length))


def mask(batch=2, length=TOKENS):
    kept = torch.ones(batch, length, dtype=torch.int64)
    kept[-1, length - 3:] = 0
    return kept


class Fields(torch.nn.Module):
    """A transformers model with named tensors in and some fields of its result out."""

    def __init__(self, model, names, fields, constants):
        super().__init__()
        self.model, self.names, self.fields, self.constants = model, names, fields, constants

    def forward(self, *inputs):
        result = self.model(**dict(zip(self.names, inputs)), **self.constants)
        return tuple(getattr(result, field) for field in self.fields)


def tiny(name, model, configuration, inputs, fields, attention="eager", symbolic=None,
         constants=None, exporters=("script", "dynamo"), **options):
    def make():
        import transformers
        kind = getattr(transformers, configuration)
        settings = kind(**options)
        if attention:
            settings._attn_implementation = attention
        network = getattr(transformers, model)(settings)
        given = inputs()
        return Fields(network, list(given), fields, constants or {}), given
    return Network(name, make, symbolic or {}, exporters)


def text(with_mask=True):
    def make():
        return {"input_ids": ids()} | ({"attention_mask": mask()} if with_mask else {})
    return make


def pair():
    return {"input_ids": ids(), "attention_mask": mask(), "decoder_input_ids": ids(2, 5)}


OPEN_TEXT = {name: {0: "batch", 1: "tokens"} for name in ("input_ids", "attention_mask")}
ENCODER = {"vocab_size": VOCABULARY, "hidden_size": 32, "num_hidden_layers": 2,
           "num_attention_heads": 4, "intermediate_size": 48, "max_position_embeddings": 40}
DECODER = ENCODER | {"num_key_value_heads": 2}
IMAGE_MODEL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
               "intermediate_size": 48, "image_size": 32, "patch_size": 8}
BARE = {"use_cache": False}
BOTH = ("script", "dynamo")


def encoder(name, model, configuration, **options):
    return tiny(name, model, configuration, text(), ["last_hidden_state"], symbolic=OPEN_TEXT,
                **(ENCODER | options))


def decoder(name, model, configuration, **options):
    """The script exporter stumbles over the causal masks of most."""
    return tiny(name, model, configuration, text(), ["logits"], symbolic=OPEN_TEXT, constants=BARE,
                **({"exporters": ("dynamo",)} | DECODER | options))


def pixels(size=32):
    return lambda: {"pixel_values": torch.rand(1, 3, size, size)}


def clip():
    import transformers
    options = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
               "intermediate_size": 48}
    settings = transformers.CLIPConfig(
        text_config=options | {"vocab_size": VOCABULARY, "eos_token_id": 98},
        vision_config=options | {"image_size": 32, "patch_size": 8}, projection_dim=16)
    settings._attn_implementation = "eager"
    inputs = {"input_ids": ids(), "pixel_values": torch.rand(1, 3, 32, 32),
              "attention_mask": mask()}
    return Fields(transformers.CLIPModel(settings), list(inputs),
                  ["logits_per_image", "text_embeds"], {}), inputs


class CachedDecoder(torch.nn.Module):
    """One step of generation: a token, the keys and values so far; the new ones are results."""

    def __init__(self, model, layers):
        super().__init__()
        self.model, self.layers = model, layers

    def forward(self, input_ids, attention_mask, *past):
        from transformers.cache_utils import DynamicCache
        pairs = tuple((past[2 * i], past[2 * i + 1]) for i in range(self.layers))
        result = self.model(input_ids=input_ids, attention_mask=attention_mask, use_cache=True,
                            past_key_values=DynamicCache.from_legacy_cache(pairs))
        now = result.past_key_values.to_legacy_cache()
        return (result.logits, *(value for layer in now for value in layer))


def cached_llama():
    import transformers
    settings = transformers.LlamaConfig(**DECODER)
    settings._attn_implementation = "eager"
    inputs = {"input_ids": ids(1, 1), "attention_mask": torch.ones(1, 7, dtype=torch.int64)}
    inputs |= {f"past_{i}": torch.randn(1, 2, 6, 8) for i in range(4)}
    return CachedDecoder(transformers.LlamaForCausalLM(settings), 2), inputs


OPEN_CACHE = {"attention_mask": {1: "total"}} | {f"past_{i}": {2: "past"} for i in range(4)}


class Recurrent(torch.nn.Module):
    def __init__(self, kind, **options):
        super().__init__()
        self.embed = torch.nn.Embedding(VOCABULARY, 16)
        self.cells = getattr(torch.nn, kind)(16, 24, batch_first=True, **options)
        width = 24 * (2 if options.get("bidirectional") else 1)
        self.head = torch.nn.Linear(width, 7)

    def forward(self, input_ids):
        outputs, _ = self.cells(self.embed(input_ids))
        return torch.log_softmax(self.head(outputs), -1)


def recurrent(name, kind, **options):
    return Network(name, lambda: (Recurrent(kind, **options), {"input_ids": ids()}),
                   {"input_ids": {0: "batch", 1: "tokens"}}, ("script",))


class Greedy(torch.nn.Module):
    """A loop whose length depends on an input, and a branch: control flow as a script writes it."""

    def __init__(self):
        super().__init__()
        self.cell = torch.nn.Linear(8, 8)

    def forward(self, state, steps: int):
        for i in range(steps):
            state = torch.tanh(self.cell(state))
            if bool(state.sum() > 0):
                state = state * 0.5
            else:
                state = state + 1.0
        return state


def looped():
    return torch.jit.script(Greedy()), {"state": torch.randn(2, 8), "steps": torch.tensor(5)}


NETWORKS = [
    encoder("bert", "BertModel", "BertConfig"),
    encoder("roberta", "RobertaModel", "RobertaConfig"),
    encoder("albert", "AlbertModel", "AlbertConfig", embedding_size=16),
    encoder("electra", "ElectraModel", "ElectraConfig", embedding_size=16),
    encoder("mobilebert", "MobileBertModel", "MobileBertConfig", embedding_size=16,
            intra_bottleneck_size=16, true_hidden_size=16),
    tiny("distilbert", "DistilBertModel", "DistilBertConfig", text(), ["last_hidden_state"],
         symbolic=OPEN_TEXT, vocab_size=VOCABULARY, dim=32, n_layers=2, n_heads=4, hidden_dim=48),
    encoder("deberta", "DebertaModel", "DebertaConfig", relative_attention=True,
            pos_att_type=["p2c", "c2p"], attention=None),
    encoder("deberta_v2", "DebertaV2Model", "DebertaV2Config", relative_attention=True,
            position_buckets=8, norm_rel_ebd="layer_norm", share_att_key=True,
            pos_att_type=["p2c", "c2p"], attention=None),
    encoder("squeezebert", "SqueezeBertModel", "SqueezeBertConfig", embedding_size=32,
            attention=None),
    encoder("mpnet", "MPNetModel", "MPNetConfig", attention=None),
    encoder("modernbert", "ModernBertModel", "ModernBertConfig", pad_token_id=0),
    decoder("gpt2", "GPT2LMHeadModel", "GPT2Config", n_embd=32, n_layer=2, n_head=4,
            n_positions=40),
    decoder("gpt_neox", "GPTNeoXForCausalLM", "GPTNeoXConfig"),
    decoder("opt", "OPTForCausalLM", "OPTConfig", exporters=BOTH, ffn_dim=48,
            word_embed_proj_dim=32),
    decoder("bloom", "BloomForCausalLM", "BloomConfig", exporters=BOTH, n_layer=2, n_head=4,
            attention=None),
    decoder("llama", "LlamaForCausalLM", "LlamaConfig"),
    decoder("llama_sdpa", "LlamaForCausalLM", "LlamaConfig", attention="sdpa"),
    decoder("mistral", "MistralForCausalLM", "MistralConfig", sliding_window=6),
    decoder("qwen2", "Qwen2ForCausalLM", "Qwen2Config"),
    decoder("qwen3", "Qwen3ForCausalLM", "Qwen3Config", head_dim=8),
    decoder("gemma2", "Gemma2ForCausalLM", "Gemma2Config", head_dim=8),
    decoder("phi3", "Phi3ForCausalLM", "Phi3Config", pad_token_id=0),
    decoder("falcon", "FalconForCausalLM", "FalconConfig", exporters=BOTH, attention="eager"),
    decoder("mamba", "MambaForCausalLM", "MambaConfig", exporters=BOTH, state_size=4,
            attention=None),
    Network("llama_cached", cached_llama, OPEN_CACHE, ("dynamo",)),
    tiny("t5", "T5ForConditionalGeneration", "T5Config", pair, ["logits"], constants=BARE,
         symbolic=OPEN_TEXT, vocab_size=VOCABULARY, d_model=32, d_kv=8, d_ff=48, num_layers=2,
         num_heads=4),
    tiny("bart", "BartForConditionalGeneration", "BartConfig", pair, ["logits"], constants=BARE,
         exporters=("script",),
         symbolic=OPEN_TEXT, vocab_size=VOCABULARY, d_model=32, encoder_layers=2, decoder_layers=2,
         encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=48,
         decoder_ffn_dim=48, max_position_embeddings=40),
    tiny("marian", "MarianMTModel", "MarianConfig", pair, ["logits"], constants=BARE,
         exporters=("script",),
         vocab_size=VOCABULARY, d_model=32, encoder_layers=2, decoder_layers=2,
         encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=48,
         decoder_ffn_dim=48, max_position_embeddings=40, pad_token_id=0),
    tiny("whisper", "WhisperForConditionalGeneration", "WhisperConfig",
         lambda: {"input_features": torch.randn(1, 8, 40), "decoder_input_ids": ids(1, 5)},
         ["logits"], constants=BARE, exporters=("dynamo",),
         vocab_size=VOCABULARY, num_mel_bins=8, d_model=32,
         encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4,
         encoder_ffn_dim=48, decoder_ffn_dim=48, max_source_positions=20, max_target_positions=20,
         pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1),
    *(tiny(name, model, kind, lambda: {"input_values": torch.randn(1, 400)}, ["logits"],
           symbolic={"input_values": {1: "samples"}}, vocab_size=VOCABULARY, hidden_size=32,
           num_hidden_layers=2, num_attention_heads=4, intermediate_size=48, conv_dim=[16, 16],
           conv_stride=[5, 2], conv_kernel=[10, 3], num_feat_extract_layers=2,
           num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2)
      for name, model, kind in (("wav2vec2", "Wav2Vec2ForCTC", "Wav2Vec2Config"),
                                ("hubert", "HubertForCTC", "HubertConfig"))),
    tiny("vit", "ViTModel", "ViTConfig", pixels(), ["last_hidden_state"], **IMAGE_MODEL),
    tiny("dinov2", "Dinov2Model", "Dinov2Config", pixels(), ["last_hidden_state"], **IMAGE_MODEL),
    Network("clip", clip),
    tiny("swin", "SwinModel", "SwinConfig", pixels(32), ["last_hidden_state"], image_size=32,
         patch_size=2, embed_dim=16, depths=[1, 1], num_heads=[2, 4], window_size=4),
    tiny("segformer", "SegformerForSemanticSegmentation", "SegformerConfig", pixels(64),
         ["logits"], hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1],
         num_attention_heads=[1, 2, 2, 4], decoder_hidden_size=16, num_labels=4),
    tiny("detr", "DetrForObjectDetection", "DetrConfig", pixels(64), ["logits", "pred_boxes"],
         d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=4,
         decoder_attention_heads=4, encoder_ffn_dim=48, decoder_ffn_dim=48, num_queries=5,
         use_pretrained_backbone=False, backbone="resnet18", use_timm_backbone=True),
    tiny("yolos", "YolosForObjectDetection", "YolosConfig", pixels(32), ["logits", "pred_boxes"],
         **(IMAGE_MODEL | {"image_size": [32, 32], "num_detection_tokens": 4})),
    tiny("dpt", "DPTForDepthEstimation", "DPTConfig", pixels(32), ["predicted_depth"],
         **(IMAGE_MODEL | {"num_hidden_layers": 4, "backbone_out_indices": [0, 1, 2, 3],
                           "neck_hidden_sizes": [8, 8, 16, 16], "fusion_hidden_size": 16})),
    tiny("convnext", "ConvNextModel", "ConvNextConfig", pixels(64), ["last_hidden_state"],
         hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1], attention=None),
    recurrent("lstm", "LSTM"), recurrent("gru", "GRU"), recurrent("rnn", "RNN"),
    recurrent("lstm_bidirectional", "LSTM", bidirectional=True, num_layers=2),
    recurrent("gru_bidirectional", "GRU", bidirectional=True),
    Network("looped", looped, exporters=("script",)),
]
