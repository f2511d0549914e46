"""Starts the server of one student, as that student.

The hub calls it in place of jupyterhub-singleuser, on one machine and in the image for
Kubernetes alike. The lessons are copied by the student's own process: were the
superuser to write into a student's folder, a link laid there could lead it anywhere.
"""

import os
import sys
from pathlib import Path

import notebook_utils
from notebook_utils.workspace import copy_notebooks


def main() -> None:
    """Copy the lessons that are not there yet, and become the server."""
    work = copy_notebooks()
    settings = Path(notebook_utils.__file__).with_name("lab_settings")
    server = Path(sys.executable).with_name("jupyterhub-singleuser")
    options = [
        f"--ServerApp.root_dir={work}",
        f"--LabApp.app_settings_dir={settings}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        *sys.argv[1:],
    ]
    os.chdir(work)
    os.execv(server, [str(server), *options])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
