"""Answers with a list that holds itself."""


# expect: wrong, error, output-limit
def normalise(x):
    answer = [x]
    answer.append(answer)
    return answer
