"""Homes of students, each with a user id of its own and no account in the system."""

import os
from pathlib import Path

# Neither Debian nor systemd gives out the ids from 65536 to 99999.
FIRST_UID = 70_000


def student_home(
    homes: Path, name: str, first_uid: int = FIRST_UID
) -> tuple[Path, int]:
    """Return a student's home and user id; make them at the first login.

    Whose a home is, its owner says, and nothing else keeps a list: the database of the
    hub may be lost, and everybody finds their own work again.

    Parameters
    ----------
    homes
        The folder of all homes.
    name
        The student's name, which the hub has found to be one of the class.
    first_uid
        The first student's user id.

    Returns
    -------
    home : Path
        Readable by its owner and the superuser alone.
    uid : int
        The owner's id; the group has the same number.

    Raises
    ------
    ValueError
        The name is none of a folder.
    PermissionError
        The home belongs to somebody who is no student, as after a copy made by the
        superuser: its server would run as that user.
    """
    if not name or Path(name).name != name or name.startswith("."):
        raise ValueError(f"Expected a student's name, found {name!r}.")
    home = homes / name
    if not home.exists():
        home.mkdir(mode=0o700)
        uid = _free_uid(homes, first_uid)
        os.chown(home, uid, uid)
    uid = home.stat().st_uid
    if uid < first_uid:
        free = _free_uid(homes, first_uid)
        raise PermissionError(
            f"{home} belongs to user {uid}, not to a student. If it is {name}'s, give "
            f"it back: chown -R {free}:{free} {home}"
        )
    return home, uid


def _free_uid(homes: Path, first_uid: int) -> int:
    return max([first_uid - 1, *(home.stat().st_uid for home in homes.iterdir())]) + 1
