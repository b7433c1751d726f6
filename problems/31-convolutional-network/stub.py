from collections.abc import Sequence

from torch import Tensor, nn


def conv_output_size(size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """The number of pixels along one axis after a convolution (or a pooling); may be 0 or below: nothing is clamped."""
    raise NotImplementedError


def receptive_field(layers: Sequence[tuple[int, int]]) -> int:
    """How many input pixels along one axis one output pixel depends on.

    layers: (kernel size, stride) of each layer, from input to output. Without layers: 1.
    """
    raise NotImplementedError


class ConvNet(nn.Module):
    """Two 3x3 convolutions without padding, each with ReLU and 2x2 max pooling, then two linear layers.

    Keys: conv1.* (32 channels), conv2.* (64), fc1.* (128, followed by ReLU), fc2.* (num_classes); nothing else.
    image_size: (H, W), or one int for both. Raises ValueError if one of them is below 10.
    """

    def __init__(self, in_channels: int, num_classes: int, image_size: int | tuple[int, int]):
        super().__init__()
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, in_channels, H, W). Returns logits, (N, num_classes). Raises ValueError for any other (H, W)."""
        raise NotImplementedError


if __name__ == "__main__":
    print(conv_output_size(7, 3, stride=2), conv_output_size(2, 5, stride=2))  # expected: 3 -1
    print(receptive_field([(3, 1), (2, 2), (3, 1), (2, 2)]))  # expected: 10
    print(ConvNet(1, 10, 28))  # fc1 should take 1600 features
