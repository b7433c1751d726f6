"""Boxes for object detection: overlap, non-maximum suppression, the targets of R-CNN (Girshick et al., 2014), AP."""

import torch
from torch import Tensor


def area(boxes: Tensor) -> Tensor:
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def box_iou(a: Tensor, b: Tensor) -> Tensor:
    top_left = torch.maximum(a[:, None, :2], b[None, :, :2])  # (N, 1, 2), (1, M, 2) -> (N, M, 2)
    bottom_right = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    width, height = (bottom_right - top_left).clamp(min=0).unbind(-1)  # disjoint boxes: 0, not negative
    intersection = width * height  # (N, M)
    union = area(a)[:, None] + area(b)[None, :] - intersection
    # Divide by 1 where the union is 0. Dividing first and replacing the nan afterwards would leave it in the gradient.
    return intersection / torch.where(union > 0, union, 1.0)


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    order = scores.argsort(descending=True, stable=True)
    kept = []
    while len(order):
        best, order = order[:1], order[1:]
        kept.append(best)
        overlap = box_iou(boxes[best], boxes[order])[0]
        order = order[overlap <= iou_threshold]
    return torch.cat(kept) if kept else order


def centres(boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Centres and sizes, (N, 2) each."""
    return (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]


def encode_boxes(boxes: Tensor, anchors: Tensor) -> Tensor:
    centre, size = centres(boxes)
    anchor_centre, anchor_size = centres(anchors)
    return torch.cat([(centre - anchor_centre) / anchor_size, torch.log(size / anchor_size)], 1)


def decode_boxes(deltas: Tensor, anchors: Tensor) -> Tensor:
    anchor_centre, anchor_size = centres(anchors)
    centre = anchor_centre + deltas[:, :2] * anchor_size
    size = anchor_size * deltas[:, 2:].exp()
    return torch.cat([centre - size / 2, centre + size / 2], 1)


def average_precision(boxes: Tensor, scores: Tensor, truth: Tensor, iou_threshold: float = 0.5) -> Tensor:
    if len(truth) == 0:
        return scores.new_full((), torch.nan)
    order = scores.argsort(descending=True, stable=True)
    overlaps = box_iou(boxes, truth)[order]  # (predictions, truths), best prediction first
    free = torch.ones(len(truth), dtype=torch.bool, device=boxes.device)
    hits = torch.zeros_like(scores)
    for rank, overlap in enumerate(overlaps):
        possible = torch.where(free & (overlap >= iou_threshold), overlap, -1.0)
        best = possible.argmax()  # the first of equals
        if possible[best] >= 0:
            hits[rank] = 1
            free[best] = False
    ranks = torch.arange(1, len(scores) + 1, device=scores.device)
    precision = hits.cumsum(0) / ranks
    precision = precision.flip(0).cummax(0).values.flip(0)  # the best precision at this recall or a higher one
    return (hits * precision).sum() / len(truth)  # recall grows by 1 / truths at each hit
