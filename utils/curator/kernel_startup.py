"""What a kernel runs first; see ``observer``. It leaves no name behind."""

from curator.observer import observe

observe()
del observe
