"""Networks of torchvision and timm, small images, random weights."""
import re

import torch
from network import Network

BATCH = {"input": {0: "batch"}}


def image(size, batch=1):
    return {"input": torch.rand(batch, 3, size, size)}


def classifier(name, size=64, exporters=("script", "dynamo"), **options):
    def make():
        import torchvision
        options.setdefault("num_classes", 10)
        return torchvision.models.get_model(name, weights=None, **options), image(size)
    return Network(name, make, BATCH, exporters)


class FirstOf(torch.nn.Module):
    """A network whose dictionary of results is reduced to one entry."""

    def __init__(self, network, key):
        super().__init__()
        self.network, self.key = network, key

    def forward(self, *inputs):
        return self.network(*inputs)[self.key]


def segmenter(name, size=64):
    def make():
        import torchvision
        network = torchvision.models.get_model(name, weights=None, weights_backbone=None,
                                               num_classes=5)
        return FirstOf(network, "out"), image(size)
    return Network(name, make, BATCH)


# The last layers of heads that score boxes and that move them.
SCORES = re.compile(r"cls_score$|cls_logits$|classification_head\.module_list\.\d+(\.1)?$")
MOVES = re.compile(r"bbox_pred$|bbox_reg$|regression_head\.module_list\.\d+(\.1)?$")


class Detector(torch.nn.Module):
    """One image's boxes, scores and labels, masks and keypoints where there are any."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def calibrate(self, picture):
        """Fresh weights score all boxes alike, or one class alone, and rounding would decide which
        are kept; scores and moves get a spread that a trained network has."""
        hooks = []
        for name, layer in self.network.named_modules():
            spread = 1.5 if SCORES.search(name) else 0.3 if MOVES.search(name) else None
            if spread is not None and isinstance(layer, (torch.nn.Linear, torch.nn.Conv2d)):
                hooks.append(layer.register_forward_hook(
                    lambda layer, _, made, spread=spread: self.rescale(layer, made, spread)))
        with torch.no_grad():
            self(picture)
        for hook in hooks:
            hook.remove()

    @staticmethod
    def rescale(layer, made, spread):
        factor = spread / max(float(made.std()), 1e-6)
        layer.weight.mul_(factor)
        return made * factor

    def forward(self, picture):
        found = self.network([picture])[0]
        return tuple(found[key] for key in sorted(found))


def detector(name, size=128, **options):
    """Thresholds of 0 keep what random weights find."""
    def make():
        import torchvision
        options.setdefault("num_classes", 4)
        network = torchvision.models.get_model(name, weights=None, weights_backbone=None, **options)
        return Detector(network), {"input": torch.rand(3, size, size)}
    return Network(name, make, exporters=("script",), opset=17)


def optical_flow():
    import torchvision
    network = torchvision.models.optical_flow.raft_small(weights=None)

    class Flow(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self, first, second):
            return self.network(first, second, num_flow_updates=2)[-1]
    return Flow(), {"first": torch.rand(1, 3, 128, 128), "second": torch.rand(1, 3, 128, 128)}


def video(name):
    def make():
        import torchvision
        network = torchvision.models.get_model(name, weights=None, num_classes=5)
        return network, {"input": torch.rand(1, 3, 4, 32, 32)}
    return Network(name, make)


def timm_network(name, size=64, **options):
    def make():
        import timm
        return timm.create_model(name, pretrained=False, num_classes=10, **options), image(size)
    return Network("timm_" + name, make, BATCH)


REGION_OPTIONS = {"min_size": 128, "max_size": 160, "rpn_pre_nms_top_n_test": 60,
                  "rpn_post_nms_top_n_test": 20, "box_score_thresh": 0.0,
                  "box_detections_per_img": 8}
ONE_STAGE_OPTIONS = {"min_size": 128, "max_size": 160, "score_thresh": 0.0, "topk_candidates": 40,
                     "detections_per_img": 10}

NETWORKS = [
    *(classifier(name) for name in (
        "densenet121", "squeezenet1_1", "shufflenet_v2_x0_5", "mnasnet0_5",
        "mobilenet_v2", "mobilenet_v3_small", "resnet18", "resnext50_32x4d", "regnet_y_400mf",
        "regnet_x_400mf", "efficientnet_b0", "efficientnet_v2_s", "convnext_tiny", "swin_t",
        "swin_v2_t")),
    classifier("inception_v3", 96, init_weights=False, aux_logits=True),
    classifier("googlenet", init_weights=False, aux_logits=False),
    classifier("maxvit_t", 224),
    *(segmenter(name) for name in ("fcn_resnet50", "deeplabv3_mobilenet_v3_large",
                                   "lraspp_mobilenet_v3_large")),
    detector("ssdlite320_mobilenet_v3_large", 320, score_thresh=0.0, topk_candidates=30,
             detections_per_img=10),
    detector("ssd300_vgg16", 300, score_thresh=0.0, topk_candidates=30, detections_per_img=10),
    detector("fasterrcnn_mobilenet_v3_large_fpn", **REGION_OPTIONS),
    detector("fasterrcnn_resnet50_fpn_v2", **REGION_OPTIONS),
    detector("maskrcnn_resnet50_fpn", **REGION_OPTIONS),
    detector("keypointrcnn_resnet50_fpn", num_keypoints=3, **REGION_OPTIONS),
    detector("retinanet_resnet50_fpn", **ONE_STAGE_OPTIONS),
    detector("fcos_resnet50_fpn", **ONE_STAGE_OPTIONS),
    Network("raft_small", optical_flow),
    video("r3d_18"), video("mc3_18"), video("r2plus1d_18"),
    *(timm_network(name) for name in (
        "mobileone_s0", "mobilenetv4_conv_small", "ghostnet_100", "hardcorenas_a", "resnest14d",
        "nfnet_f0", "convnextv2_atto", "poolformer_s12", "edgenext_xx_small", "mobilevit_xxs",
        "fastvit_t8", "repvgg_a0", "dla34", "hrnet_w18_small", "regnety_002", "resnetv2_50",
        "selecsls42", "focalnet_tiny_srf", "inception_next_atto", "starnet_s1",
        "tf_efficientnet_b0", "lcnet_050")),
    *(timm_network(name, 224) for name in (
        "levit_128s", "efficientformer_l1", "xcit_nano_12_p16_224", "deit3_small_patch16_224",
        "mixer_s32_224")),
]
