"""You remember only the prefix that was unfrozen last. Layers are unfrozen one after another, and all of them go on
training: keep a list."""

from torch import Tensor, nn


def covers(prefix: str, name: str) -> bool:
    """Whether a dotted name is that of the prefix or lies below it: "layer1" covers "layer1.0", not "layer10"."""
    return name == prefix or name.startswith(f"{prefix}.")


class TransferModel(nn.Module):
    def __init__(self, backbone: nn.Module, num_classes: int):
        super().__init__()
        old = backbone.fc
        backbone.fc = nn.Identity()
        self.backbone = backbone
        self.fc = nn.Linear(old.in_features, num_classes, device=old.weight.device, dtype=old.weight.dtype)
        self._unfrozen: list[str] = []
        backbone.requires_grad_(False)
        self.train(self.training)

    def forward(self, images: Tensor) -> Tensor:
        return self.fc(self.backbone(images))  # (N, ...) -> (N, in_features) -> (N, num_classes)

    def unfreeze(self, prefix: str) -> None:
        parameters = [parameter for name, parameter in self.backbone.named_parameters() if covers(prefix, name)]
        if not parameters:
            raise ValueError(f"the backbone has no parameter under the name {prefix!r}")
        for parameter in parameters:
            parameter.requires_grad_(True)
        self._unfrozen = [prefix]
        self.train(self.training)

    def train(self, mode: bool = True) -> "TransferModel":
        # requires_grad says nothing about running statistics and dropout: they follow the mode, which every call of
        # train() sets anew for all modules below.
        super().train(mode)
        for name, module in self.backbone.named_modules():
            module.training = mode and any(covers(prefix, name) for prefix in self._unfrozen)
        return self


def param_groups(model: TransferModel, head_lr: float, backbone_lr: float) -> list[dict]:
    groups = [{"params": list(model.fc.parameters()), "lr": head_lr}]
    trainable = [parameter for parameter in model.backbone.parameters() if parameter.requires_grad]
    if trainable:
        groups.append({"params": trainable, "lr": backbone_lr})
    return groups
