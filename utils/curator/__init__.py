"""What maintainers run: the lessons, their checks, their reports and generated pages.

``python -m curator --help`` lists the commands. Nothing here is part of the wheel, and
``notebook_utils`` never imports it.
"""
