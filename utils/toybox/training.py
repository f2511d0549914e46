"""Training that survives being interrupted: a checkpoint after every epoch."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

BUILD = Path(__file__).resolve().parents[2] / "build" / "toybox"
Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Settings:
    """What a training run depends on; a checkpoint is good only for the same.

    Parameters
    ----------
    revision : int
        Raise it whenever the network, its data or its loss change.
    epochs, steps : int
        How many epochs, and batches in each.
    batch : int
        Pictures in a batch.
    rate : float
        Highest learning rate of the one-cycle schedule.
    weight_decay : float
        Of AdamW.
    seed : int
        Of the first weights and of the order of the data.
    """

    revision: int
    epochs: int
    steps: int
    batch: int
    rate: float
    weight_decay: float = 0.02
    seed: int = 0


def fit(
    name: str,
    settings: Settings,
    network: nn.Module,
    batches: Callable[[int], Iterable[Batch]],
    loss: Callable[[Tensor, Tensor], Tensor],
    folder: Path = BUILD,
) -> nn.Module:
    """Train a network, or go on where an earlier run with the same settings stopped.

    Parameters
    ----------
    name : str
        Of the network; its checkpoint is ``<folder>/<name>.pt``.
    settings : Settings
        Length and pace of the training.
    network : nn.Module
        Trained in place.
    batches : callable
        From the number of the epoch to `settings.steps` batches; the same each time.
    loss : callable
        From the output of the network and the target to a scalar.
    folder : Path
        Where checkpoints live; not in git.

    Returns
    -------
    nn.Module
        The network, in evaluation mode.
    """
    path = folder / f"{name}.pt"
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=settings.rate, weight_decay=settings.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.rate, total_steps=settings.epochs * settings.steps
    )
    parts = {"network": network, "optimizer": optimizer, "schedule": schedule}
    for epoch in range(_resume(path, settings, parts), settings.epochs):
        progress = tqdm(batches(epoch), f"{name} {epoch + 1}", settings.steps)
        _train_epoch(network, optimizer, schedule, progress, loss)
        _save(path, settings, parts, epoch + 1)
    return network.eval()


def _train_epoch(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    progress: "tqdm[Batch]",
    loss: Callable[[Tensor, Tensor], Tensor],
) -> None:
    network.train()
    average = 0.0
    for step, (inputs, targets) in enumerate(progress):
        value = loss(network(inputs), targets)
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        average += (float(value.detach()) - average) / (step + 1)
        progress.set_postfix(loss=f"{average:.3f}")


def _resume(path: Path, settings: Settings, parts: dict[str, Any]) -> int:
    """Load a checkpoint made with the same settings; return the epochs it has seen."""
    if not path.is_file():
        return 0
    checkpoint = torch.load(path, weights_only=True)
    if checkpoint["settings"] != asdict(settings):
        return 0
    for name, part in parts.items():
        part.load_state_dict(checkpoint[name])
    return int(checkpoint["epochs"])


def _save(path: Path, settings: Settings, parts: dict[str, Any], epochs: int) -> None:
    """Replace the checkpoint in one step, so that there is always a whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {name: part.state_dict() for name, part in parts.items()}
    temporary = path.with_suffix(".part")
    torch.save(state | {"settings": asdict(settings), "epochs": epochs}, temporary)
    temporary.replace(path)
