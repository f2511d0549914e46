"""Ends what was started, children included."""

import psutil


def kill_tree(pid: int) -> None:
    """End a process and all its children, without asking them."""
    try:
        root = psutil.Process(pid)
        tree = [*root.children(recursive=True), root]
    except psutil.NoSuchProcess:
        return
    for process in tree:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(tree, timeout=5)
