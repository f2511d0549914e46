"""The lane that installs a hub and holds a class in it.

Modules: `lane` (from the installation to the figures), `site` (the hub and its
processes), `student` (who logs in, opens a lesson and runs its cells) and `checks`
(what is expected of them).
"""
