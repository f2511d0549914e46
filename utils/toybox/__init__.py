"""Train, export and check the included models; for maintainers, not for lessons.

``python -m toybox build [KIT ...]`` writes ``data/kits/<KIT>/`` and
``python -m toybox verify [KIT ...]`` measures every figure of its card again, from the
committed files.

To add a kit:

1. Write one module beside `classification` with two functions. ``make(folder)`` writes
   the model (``model.*``), ``labels.txt`` and ``picture.jpg`` into an empty folder and
   returns the number of parameters; ``measure(folder)`` returns the figures of the
   card, computed from those files alone, through OpenVINO (`kit_files.compiled`).
   Import heavy frameworks inside ``make``, so that verifying does not need them.
2. A new network gets a module of its own (see `toy_classifier`) and trains through
   `training`, which saves after every epoch and resumes. A kit that carries a network
   in another format takes it from the committed ONNX file (`kit_files.make_ir`,
   `onnx_network.rebuild`).
3. Describe the kit in a `Recipe` and add it to `recipes.RECIPES`.
4. Build it, then verify it, and commit ``data/kits/<KIT>/``. Describe what a lesson
   needs to know about it in ``notebook_utils/kits/catalogue.toml``.
"""
