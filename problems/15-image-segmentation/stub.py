import torch
from torch import Tensor, nn


class UNet(nn.Module):
    """A U-Net: the grid is halved `depth` times and brought back, with a skip connection at every level.

    base: the number of channels of the finest level. Names and layers are yours.
    """

    def __init__(self, in_channels: int, num_classes: int, base: int = 16, depth: int = 3):
        super().__init__()
        raise NotImplementedError

    def forward(self, images: Tensor) -> Tensor:
        """images: (N, in_channels, H, W), any H, W >= 2**depth. Returns logits, (N, num_classes, H, W)."""
        raise NotImplementedError


def dice_loss(logits: Tensor, target: Tensor, smooth: float = 1.0) -> Tensor:
    """1 minus the mean over classes of the soft Dice coefficient, with sums over batch and pixels.

    logits: (N, K, H, W); target: (N, H, W) int64, 0 to K - 1. Returns a tensor without dimensions.
    """
    raise NotImplementedError


def mean_iou(pred: Tensor, target: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
    """Mean intersection over union over the classes that occur; float32, without dimensions; nan if none occurs.

    pred, target: int64 label maps of one shape. Pixels whose target is ignore_index are left out.
    """
    raise NotImplementedError


if __name__ == "__main__":
    pred, target = torch.tensor([[0, 0], [1, 2]]), torch.tensor([[0, 1], [1, 255]])
    print(mean_iou(pred, target, num_classes=3))  # expected: 0.5
    print(dice_loss(torch.zeros(1, 2, 1, 2), torch.tensor([[[0, 0]]])))  # expected: 0.375
