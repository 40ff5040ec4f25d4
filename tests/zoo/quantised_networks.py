"""Models that onnxruntime.quantization makes from exported ones."""
import numpy as np

# name of the source: forms made from it
SOURCES = {
    "resnet18.script": ("qdq", "qdq_channel", "qoperator", "qdq_int8"),
    "mobilenet_v2.script": ("qdq", "qoperator"),
    "mobilenet_v3_small.script": ("qdq", "qoperator"),
    "shufflenet_v2_x0_5.script": ("qdq", "qoperator"),
    "squeezenet1_1.script": ("qdq", "qoperator"),
    "googlenet.script": ("qoperator",),
    "bert.script": ("dynamic", "four_bits", "four_bits_qdq"),
    "gpt2.script": ("dynamic", "four_bits"),
    "llama.script": ("dynamic", "four_bits"),
    "lstm.script": ("dynamic",),
    "vit.script": ("dynamic", "qdq"),
}


class Batches:
    """What a calibrator of ONNX Runtime reads."""

    def __init__(self, inputs, count=4):
        random = np.random.default_rng(1)
        self.left = [{name: random.random(value.shape, np.float32) if value.dtype == np.float32
                      else value for name, value in inputs.items()} for _ in range(count)]

    def get_next(self):
        return self.left.pop() if self.left else None


def static(source, target, inputs, quantised_format, **options):
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process
    prepared = target.with_suffix(".prepared.onnx")
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    quantization.quantize_static(
        str(prepared), str(target), Batches(inputs),
        quant_format=getattr(quantization.QuantFormat, quantised_format), **options)
    prepared.unlink()


def dynamic(source, target):
    from onnxruntime import quantization
    quantization.quantize_dynamic(str(source), str(target))


def four_bits(source, target, quantised_format):
    import onnx
    from onnxruntime.quantization import QuantFormat
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
    quantizer = MatMulNBitsQuantizer(onnx.load(str(source)), block_size=16,
                                     quant_format=getattr(QuantFormat, quantised_format))
    quantizer.process()
    quantizer.model.save_model_to_file(str(target))


def quantise(form, source, target, inputs):
    from onnxruntime.quantization import QuantType
    if form == "dynamic":
        dynamic(source, target)
    elif form == "four_bits":
        four_bits(source, target, "QOperator")
    elif form == "four_bits_qdq":
        four_bits(source, target, "QDQ")
    else:
        signed = {"activation_type": QuantType.QInt8, "weight_type": QuantType.QInt8}
        static(source, target, inputs, "QOperator" if form == "qoperator" else "QDQ",
               per_channel=form == "qdq_channel", **(signed if form == "qdq_int8" else {}))
