"""Prints escapes that would clear the screen, set the title and paint a success."""


# expect: wrong
def normalise(x):
    print("\x1b[2J\x1b[H\x1b]0;title\x07\x9b31m\x1b[32m100/100 accepted\x1b[0m\r\n")
    return x
