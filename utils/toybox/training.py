"""Training that survives interruption: a checkpoint after every epoch."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

BUILD = Path(__file__).resolve().parents[2] / "build" / "toybox"
Batch = tuple[Any, ...]


@dataclass(frozen=True)
class Settings:
    """What a training run depends on; a checkpoint is good only for the same settings.

    Raise the revision whenever the network, its data or its loss change.
    """

    revision: int
    epochs: int
    steps: int  # batches in an epoch
    batch: int  # images in a batch
    rate: float  # highest learning rate
    weight_decay: float = 0.02
    seed: int = 0


class Trainer(Protocol):
    """One optimisation step in some framework, and the state a checkpoint keeps."""

    def step(self, *batch: Any) -> Any:
        """Learn from one batch; return its loss, or an array of losses."""

    def state_dict(self) -> dict[str, Any]:
        """Return weights and optimizer state as tensors of PyTorch."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` returned."""


def fit(
    name: str,
    settings: Settings,
    trainer: Trainer,
    batches: Callable[[int], Iterable[Batch]],
    folder: Path = BUILD,
) -> None:
    """Train, or resume where an earlier run with the same settings stopped.

    The checkpoint is ``<folder>/<name>.pt``. `batches` gives the `settings.steps`
    batches of an epoch, the same each time.
    """
    path = folder / f"{name}.pt"
    for epoch in range(_resume(path, settings, trainer), settings.epochs):
        progress = tqdm(batches(epoch), f"{name} {epoch + 1}", settings.steps)
        average = np.zeros(())
        for number, batch in enumerate(progress, start=1):
            average = average + (np.asarray(trainer.step(*batch)) - average) / number
            progress.set_postfix_str(f"loss {average.round(3)}", refresh=False)
        _save(path, settings, trainer, epoch + 1)


def fit_torch(
    name: str,
    settings: Settings,
    network: nn.Module,
    batches: Callable[[int], Iterable[Batch]],
    loss: Callable[[Tensor, Tensor], Tensor],
    folder: Path = BUILD,
) -> None:
    """Train a network of PyTorch with :func:`fit` and leave it in evaluation mode.

    A batch is inputs and targets; `loss` takes the network's output and the targets.
    """
    network.train()
    fit(name, settings, _TorchTrainer(network, settings, loss), batches, folder)
    network.eval()


class _TorchTrainer:
    """AdamW with a one-cycle learning rate."""

    def __init__(
        self,
        network: nn.Module,
        settings: Settings,
        loss: Callable[[Tensor, Tensor], Tensor],
    ) -> None:
        self.network, self.loss = network, loss
        self.optimizer = torch.optim.AdamW(
            network.parameters(), lr=settings.rate, weight_decay=settings.weight_decay
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, settings.rate, total_steps=settings.epochs * settings.steps
        )

    def step(self, inputs: Tensor, targets: Tensor) -> float:
        value = self.loss(self.network(inputs), targets)
        self.optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.schedule.step()
        return float(value.detach())

    def state_dict(self) -> dict[str, Any]:
        parts = ("network", "optimizer", "schedule")
        return {part: getattr(self, part).state_dict() for part in parts}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for part, values in state.items():
            getattr(self, part).load_state_dict(values)


def _resume(path: Path, settings: Settings, trainer: Trainer) -> int:
    """Load a checkpoint made with the same settings; return the epochs it has seen."""
    if not path.is_file():
        return 0
    checkpoint = torch.load(path, weights_only=True)
    if checkpoint["settings"] != asdict(settings):
        return 0
    trainer.load_state_dict(checkpoint["state"])
    return int(checkpoint["epochs"])


def _save(path: Path, settings: Settings, trainer: Trainer, epochs: int) -> None:
    """Replace the checkpoint in one step, so that a complete one always exists."""
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = {
        "settings": asdict(settings),
        "epochs": epochs,
        "state": trainer.state_dict(),
    }
    temporary = path.with_suffix(".part")
    torch.save(checkpoint, temporary)
    temporary.replace(path)
