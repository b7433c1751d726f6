"""torch's own scheduler; it accepts a factor of 0 or below, which the contract refuses."""

from torch.optim.lr_scheduler import ReduceLROnPlateau


class ReduceOnPlateau(ReduceLROnPlateau):
    def __init__(self, optimizer, mode="min", factor=0.1, patience=10, threshold=1e-4, cooldown=0, min_lr=0.0):
        if factor <= 0:
            raise ValueError("factor must be positive")
        super().__init__(optimizer, mode, factor, patience, threshold, "rel", cooldown, min_lr, 1e-8)
