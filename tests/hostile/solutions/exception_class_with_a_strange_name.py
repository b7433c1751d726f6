"""An exception whose class is named by terminal escapes."""

# expect: error, wrong
Fault = type("\x1b[2J\x1b[31mPASSED\n100/100", (Exception,), {})


def normalise(x):
    raise Fault("all checks passed")
