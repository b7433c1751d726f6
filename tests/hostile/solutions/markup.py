"""Rich markup, HTML and a formula in what it prints and raises."""


# expect: error
def normalise(x):
    print("[bold green]passed[/] <script>alert(1)</script> =1+1")
    raise ValueError('[link=http://localhost]x[/link] <img src=x onerror=alert(1)> =HYPERLINK("x")')
