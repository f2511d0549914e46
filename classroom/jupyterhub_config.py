"""The hub of a class on one machine; classroom/install.sh puts all of it in place.

Read ``settings.toml`` first: what an instructor may want to change is there. This file
says how the parts fit together.
"""

import sys
import tomllib
from pathlib import Path

COURSE = Path(__file__).resolve().parents[1]  # a copy of the checkout
FOLDER = COURSE.parent  # with homes, state, mirror, cache and the environment beside it
sys.path.insert(0, str(COURSE / "classroom"))

from memory_groups import group_folder  # noqa: E402 - it lies beside this file
from student_spawner import StudentSpawner  # noqa: E402

settings = tomllib.loads((FOLDER / "state" / "settings.toml").read_text("utf-8"))
port = settings["port"]
idle_seconds = round(60 * settings["idle_minutes"])
c = get_config()  # noqa: F821 - JupyterHub provides it

# The class sees one port. The hub behind it and the door through which the hub tells
# the proxy who is where are for this machine alone.
c.JupyterHub.bind_url = f"http://:{port}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{port + 1}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{port + 2}"
c.JupyterHub.db_url = f"sqlite:///{FOLDER}/state/hub.sqlite"
c.JupyterHub.cookie_secret_file = f"{FOLDER}/state/cookie_secret"
c.ConfigurableHTTPProxy.pid_file = f"{FOLDER}/state/proxy.pid"

c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = settings["class_password"]
c.SharedPasswordAuthenticator.admin_password = settings["teacher_password"]
c.Authenticator.admin_users = {"teacher"}
c.Authenticator.allowed_users = {
    f"student{number:02}" for number in range(1, settings["students"] + 1)
}

c.JupyterHub.spawner_class = StudentSpawner
c.StudentSpawner.homes = str(FOLDER / "homes")
c.StudentSpawner.groups = str(group_folder())  # without limits the hub does not start
c.StudentSpawner.first_uid = settings["first_uid"]
c.Spawner.mem_limit = settings["memory_mb"] * 10**6
c.Spawner.cmd = [sys.executable, str(COURSE / "classroom" / "student_server.py")]
c.Spawner.default_url = "/lab/tree/00-start-here.ipynb"
c.Spawner.args = [
    f"--MappingKernelManager.cull_idle_timeout={idle_seconds}",
    # Over files, not ports: thirty kernels that begin at once take each other's ports,
    # and whoever is on this machine could listen there.
    "--KernelManager.transport=ipc",
]
# Thirty that begin at the same minute wait for each other.
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 300
c.Spawner.poll_interval = 5  # a server that was killed is noticed as soon


def mirror(spawner):
    """Name the mirror if `prefetch` has filled it, also while the hub runs."""
    folder = FOLDER / "mirror"
    return str(folder) if (folder / "index.json").is_file() else ""


def kernel_folder(spawner):
    """Name a folder in the home; the names of sockets must not pass 107 bytes."""
    return f"{spawner.home_dir}/.kernels"


c.Spawner.environment = {
    "JUPYTER_RUNTIME_DIR": kernel_folder,
    "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
    "NOTEBOOK_KITS_MIRROR": mirror,
    "NOTEBOOK_KITS_SHARED_CACHE": str(FOLDER / "cache"),
}

c.JupyterHub.services = [
    {
        "name": "idle-culler",
        "command": [
            sys.executable,
            *("-m", "jupyterhub_idle_culler"),
            f"--timeout={idle_seconds}",
        ],
    }
]
c.JupyterHub.load_roles = [
    {
        "name": "idle-culler",
        "services": ["idle-culler"],
        "scopes": [
            "list:users",
            "read:users:activity",
            "read:servers",
            "delete:servers",
        ],
    }
]
