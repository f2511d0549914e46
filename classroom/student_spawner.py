"""Starts each student's server under a user id and within a memory limit of its own."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from jupyterhub.spawner import SimpleLocalProcessSpawner
from memory_groups import MemoryGroup
from student_homes import FIRST_UID, student_home
from traitlets import Integer, Unicode, default


class StudentSpawner(SimpleLocalProcessSpawner):
    """The hub's spawner for servers on its own machine, with the students kept apart.

    The base class lets everybody be the hub's user. Here the process takes the user id
    that the student's home belongs to, so that the modes of files protect the students
    from each other and the course from all of them. No accounts are made: a user id is
    a number, and removing the homes removes every trace of the class.
    """

    homes = Unicode(help="The folder of all homes.").tag(config=True)
    first_uid = Integer(FIRST_UID, help="The first student's user id.").tag(config=True)
    groups = Unicode(help="The control group to make groups in.").tag(config=True)

    @default("home_dir")
    def _default_home_dir(self) -> str:
        return str(Path(self.homes) / self.user.name)

    group: MemoryGroup | None = None

    def make_preexec_fn(self, name: str) -> Callable[[], None]:
        """Return what the new process does before it becomes the server.

        Parameters
        ----------
        name
            The student's name.

        Returns
        -------
        callable
            It joins the memory group, which only the superuser can, and then gives up
            being the superuser.
        """
        home, uid = student_home(Path(self.homes), name, self.first_uid)
        self.group = group = MemoryGroup(Path(self.groups) / f"workshop-{uid}")
        group.end()  # kernels that outlived a server that was killed
        group.make(self.mem_limit)

        def become_the_student() -> None:
            group.join()
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            os.umask(0o077)
            os.chdir(home)

        return become_the_student

    async def stop(self, now: bool = False) -> None:
        """Stop the server, and whatever the student left running beside it."""
        await super().stop(now)
        if self.group is not None:
            await asyncio.to_thread(self.group.end)
