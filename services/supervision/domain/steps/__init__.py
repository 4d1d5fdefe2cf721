"""The engine steps, one file per family: what each kind of rule means, in typed Python.

Data chooses among these steps and sets their parameters; there is no expression language.
"""
