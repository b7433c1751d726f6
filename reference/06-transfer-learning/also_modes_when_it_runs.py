"""Another right way: the modes are set each time before the backbone runs, and names are looked up piece by piece."""

from torch import nn


class TransferModel(nn.Module):
    def __init__(self, backbone, num_classes):
        super().__init__()
        weight = backbone.fc.weight
        self.fc = nn.Linear(weight.shape[1], num_classes).to(weight)
        self.backbone = backbone
        backbone.fc = nn.Identity()
        self._free = set()
        for parameter in backbone.parameters():
            parameter.requires_grad = False

    def forward(self, images):
        for module in self.backbone.modules():
            module.training = self.training and module in self._free
        return self.fc(self.backbone(images))

    def unfreeze(self, prefix):
        *path, last = prefix.split(".")
        module = self.backbone
        for step in path:
            module = getattr(module, step, None)
        found = getattr(module, last, None) if last else None
        if isinstance(found, nn.Parameter):
            found.requires_grad = True
            return
        if not isinstance(found, nn.Module) or not any(True for _ in found.parameters()):
            raise ValueError(f"nothing to unfreeze under {prefix!r}")
        found.requires_grad_()
        self._free.update(found.modules())


def param_groups(model, head_lr, backbone_lr):
    free = (parameter for parameter in model.backbone.parameters() if parameter.requires_grad)
    groups = [{"params": model.fc.parameters(), "lr": head_lr}, {"params": list(free), "lr": backbone_lr}]
    return groups if groups[1]["params"] else groups[:1]
