"""Answers with lists a million levels deep."""


# expect: wrong, error, output-limit, crashed
def normalise(x):
    answer = []
    for _ in range(10**6):
        answer = [answer]
    return answer
