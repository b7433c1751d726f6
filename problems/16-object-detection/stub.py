import torch
from torch import Tensor


def box_iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of all pairs.

    a: (N, 4), b: (M, 4), corners x1, y1, x2, y2. Returns (N, M). A union of 0 gives 0, with finite gradients.
    """
    raise NotImplementedError


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Non-maximum suppression.

    boxes: (N, 4), scores: (N,). Returns the int64 indices of the kept boxes, by falling score (equal scores: the lower
    index first). A box is dropped if its IoU with a kept one is greater than iou_threshold.
    """
    raise NotImplementedError


def encode_boxes(boxes: Tensor, anchors: Tensor) -> Tensor:
    """Offsets of the centres in units of the anchor's size, and log ratios of the sizes.

    boxes, anchors: (N, 4) corners. Returns (N, 4): dx, dy, dw, dh.
    """
    raise NotImplementedError


def decode_boxes(deltas: Tensor, anchors: Tensor) -> Tensor:
    """The inverse of encode_boxes. deltas: (N, 4), anchors: (N, 4) corners. Returns corners, (N, 4)."""
    raise NotImplementedError


def average_precision(boxes: Tensor, scores: Tensor, truth: Tensor, iou_threshold: float = 0.5) -> Tensor:
    """Average precision (all points) of one class in one image.

    boxes: (N, 4), scores: (N,), truth: (M, 4). Returns a tensor without dimensions and with the dtype of the scores.
    No predictions: 0. No truths: nan.
    """
    raise NotImplementedError


if __name__ == "__main__":
    first, second = torch.tensor([[0.0, 0.0, 2.0, 2.0]]), torch.tensor([[1.0, 1.0, 3.0, 3.0]])
    print(box_iou(first, second))  # expected: 1 / 7
    print(encode_boxes(second, first))  # expected: 0.5, 0.5, 0, 0
