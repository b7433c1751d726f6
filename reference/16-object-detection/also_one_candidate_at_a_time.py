"""Each candidate against the boxes kept so far; centres by name; the area of the curve from differences of recall."""

import math

import torch


def box_iou(a, b):
    a, b = a.unsqueeze(1), b.unsqueeze(0)
    sides = (torch.min(a[..., 2:], b[..., 2:]) - torch.max(a[..., :2], b[..., :2])).clamp_min(0)
    shared = sides.prod(-1)
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - shared
    return shared / (union + (union == 0))


def nms(boxes, scores, iou_threshold):
    kept = []
    for candidate in torch.sort(scores, descending=True, stable=True).indices.tolist():
        if not kept or box_iou(boxes[[candidate]], boxes[kept]).max().item() <= iou_threshold:
            kept.append(candidate)
    return torch.tensor(kept, dtype=torch.long, device=boxes.device)


def center_form(boxes):
    size = boxes[:, 2:] - boxes[:, :2]
    return boxes[:, :2] + size / 2, size


def encode_boxes(boxes, anchors):
    deltas = torch.empty_like(boxes)
    (center, size), (anchor_center, anchor_size) = center_form(boxes), center_form(anchors)
    deltas[:, :2] = (center - anchor_center) / anchor_size
    deltas[:, 2:] = size.log() - anchor_size.log()
    return deltas


def decode_boxes(deltas, anchors):
    anchor_center, anchor_size = center_form(anchors)
    size = torch.exp(deltas[:, 2:]) * anchor_size
    corner = anchor_center + deltas[:, :2] * anchor_size - 0.5 * size
    return torch.hstack([corner, corner + size])


def average_precision(boxes, scores, truth, iou_threshold=0.5):
    if truth.numel() == 0:
        return torch.full((), math.nan, dtype=scores.dtype, device=scores.device)
    if boxes.numel() == 0:
        return torch.zeros((), dtype=scores.dtype, device=scores.device)
    order = torch.sort(scores, descending=True, stable=True).indices
    overlaps = box_iou(boxes, truth)[order].clone()
    hits = []
    for row in overlaps:
        best, index = row.max().item(), int((row == row.max()).nonzero()[0])
        hits.append(best >= iou_threshold)
        if hits[-1]:
            overlaps[:, index] = -math.inf
    hits = torch.tensor(hits, dtype=torch.float64).cumsum(0)
    precision = hits / torch.arange(1, len(hits) + 1)
    recall = hits / len(truth)
    steps = torch.diff(recall, prepend=recall.new_zeros(1))
    heights = torch.stack([precision[rank:].max() for rank in range(len(hits))])
    return (steps * heights).sum().to(scores.device, scores.dtype)
