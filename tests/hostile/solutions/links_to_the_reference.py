"""Makes a link to the reference in its own folder and reads that."""

# expect: error
import os

os.symlink("@PACK@/reference/normalise/solution.py", "link.py")
exec(open("link.py").read())
