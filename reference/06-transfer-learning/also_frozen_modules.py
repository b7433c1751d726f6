"""Another right way: a set of frozen modules that shrinks; only modules that look at their mode are held back."""

import torch
from torch import nn


class TransferModel(nn.Module):
    def __init__(self, backbone, num_classes):
        super().__init__()
        self.backbone, old = backbone, backbone.fc
        self.fc = torch.nn.utils.skip_init(
            nn.Linear, old.in_features, num_classes, device=old.weight.device, dtype=old.weight.dtype
        )
        nn.init.normal_(self.fc.weight, std=0.01)
        nn.init.zeros_(self.fc.bias)
        setattr(backbone, "fc", nn.Identity())  # noqa: B010
        self.frozen = {name for name, _ in backbone.named_modules()}
        self.register_buffer("scale", torch.ones(()))  # of its own
        self.trainable = [False] * sum(1 for _ in backbone.parameters())
        self._apply_state()

    def _apply_state(self):
        for name, module in self.backbone.named_modules():
            if name in self.frozen and module.training:
                module.training = False
        for parameter, flag in zip(self.backbone.parameters(), self.trainable, strict=True):
            parameter.requires_grad_(flag)

    def forward(self, images):
        features = self.backbone(images)
        return features @ self.fc.weight.t() + self.fc.bias

    def unfreeze(self, prefix):
        dotted = prefix + "."
        hits = [(name + ".").startswith(dotted) for name, _ in self.backbone.named_parameters()]
        if not prefix or not any(hits):
            raise ValueError(prefix)
        self.trainable = [old or hit for old, hit in zip(self.trainable, hits, strict=True)]
        self.frozen = {name for name in self.frozen if not (name + ".").startswith(dotted)}
        self.train(self.training)

    def train(self, mode=True):
        result = super().train(mode)
        self._apply_state()
        return result


def param_groups(model, head_lr, backbone_lr):
    learning_rates = {"fc": head_lr, "backbone": backbone_lr}
    groups = []
    for name, lr in learning_rates.items():
        params = [p for p in getattr(model, name).parameters() if p.requires_grad]
        if params:
            groups.append({"params": params, "lr": lr, "name": name})
    return groups
