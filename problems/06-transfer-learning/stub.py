import torch
from torch import Tensor, nn


class TransferModel(nn.Module):
    """A pretrained backbone, frozen, with a new linear head.

    backbone: any module with a head `.fc` that is an nn.Linear. It is kept (not copied) as `.backbone`, and its `.fc`
    becomes nn.Identity(). The new head is `.fc`, nn.Linear(in_features of the old one, num_classes), on the old head's
    device and in its dtype. Frozen, from here on: no gradient, and BatchNorm statistics and dropout in evaluation mode,
    also after `train()`.
    """

    def __init__(self, backbone: nn.Module, num_classes: int):
        super().__init__()
        raise NotImplementedError

    def forward(self, images: Tensor) -> Tensor:
        """images: what the backbone takes, N of them. Returns the logits, (N, num_classes)."""
        raise NotImplementedError

    def unfreeze(self, prefix: str) -> None:
        """Lets the backbone's parameters and modules under this dotted name train, at once and from now on.

        Their mode is the model's. Raises ValueError where no parameter of the backbone has this name or lies below it
        ("layer1" does not match "layer10").
        """
        raise NotImplementedError


def param_groups(model: TransferModel, head_lr: float, backbone_lr: float) -> list[dict]:
    """Groups for an optimizer, with "params" and "lr".

    The head first, then the backbone's trainable parameters; the second group is left out while there are none.
    """
    raise NotImplementedError


if __name__ == "__main__":
    backbone = nn.Sequential()
    backbone.add_module("layer1", nn.Linear(4, 3))
    backbone.add_module("norm", nn.BatchNorm1d(3))
    backbone.add_module("fc", nn.Linear(3, 10))
    model = TransferModel(backbone, 2).train()
    print(model(torch.randn(5, 4)).shape)  # expected: torch.Size([5, 2])
    print(backbone.norm.num_batches_tracked)  # expected: tensor(0)
    print([len(group["params"]) for group in param_groups(model, 0.01, 0.001)])  # expected: [2]
    model.unfreeze("layer1")
    print([len(group["params"]) for group in param_groups(model, 0.01, 0.001)])  # expected: [2, 2]
