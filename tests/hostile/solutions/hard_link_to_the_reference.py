"""Makes a hard link to the reference in its own folder and reads that."""

# expect: error
import os

os.link("@PACK@/reference/normalise/solution.py", "link.py")
exec(open("link.py").read())
