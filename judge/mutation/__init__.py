"""How strong are a problem's checks? They are tried on solutions that are the reference but for one slip.

operators.py makes such mutants of a reference, equivalent.py reads which of them nobody can tell from it by its
contract, and run.py has the rest judged: `judge verify --mutants`.
"""
