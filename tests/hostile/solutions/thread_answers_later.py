"""A thread puts the right answer in place after the call has returned."""

# expect: wrong
import threading
import time


def normalise(x):
    answer = x.detach().clone()

    def later():
        time.sleep(0.5)
        centred = x - x.mean(-1, keepdim=True)
        answer.copy_(centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt())

    threading.Thread(target=later).start()
    return answer
