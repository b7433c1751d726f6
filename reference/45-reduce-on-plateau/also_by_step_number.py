"""No counters: remembers until which step nothing counts against the present rate."""

import operator


class _Improvement:
    def __init__(self, mode, threshold):
        if mode not in {"min", "max"}:
            raise ValueError("unknown mode " + repr(mode))
        sign = 1 if mode == "max" else -1
        self.better = operator.gt if mode == "max" else operator.lt
        self.worst, self.scale = sign * float("-inf"), 1.0 + sign * threshold

    def __call__(self, metric, best):
        return self.better(metric, best * self.scale)


class ReduceOnPlateau:
    def __init__(self, optimizer, mode="min", factor=0.1, patience=10, threshold=1e-4, cooldown=0, min_lr=0.0):
        if factor >= 1 or factor <= 0:
            raise ValueError("factor must lie strictly between 0 and 1")
        self._improves = _Improvement(mode, threshold)
        self._optimizer, self._factor, self._floor = optimizer, factor, min_lr
        self._patience, self._cooldown = patience, cooldown
        self._state = (0, 0, self._improves.worst)  # steps done, forgiven until which step, best

    def step(self, metric):
        now, forgiven, best = self._state
        now += 1
        if self._improves(float(metric), best):
            best, forgiven = float(metric), max(forgiven, now)
        if now - forgiven > self._patience:
            forgiven = now + self._cooldown
            for group in self._optimizer.param_groups:
                lower = max(self._floor, self._factor * group["lr"])
                group["lr"] = lower if group["lr"] > lower + 1e-8 else group["lr"]
        self._state = now, forgiven, best

    def state_dict(self):
        return {"state": self._state}

    def load_state_dict(self, state):
        self._state = tuple(state["state"])
