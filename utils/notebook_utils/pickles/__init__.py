"""Read arrays and tensors out of pickles that nobody should trust.

Loading a pickle the usual way runs what its maker wrote into it. Here a pickle is read
by a machine that knows how to build data and has no instruction for anything else.
"""

from .arrays import load_arrays as load_arrays
from .tensors import load_tensors as load_tensors

__all__ = ["load_arrays", "load_tensors"]
