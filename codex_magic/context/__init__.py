"""
What is sent: notebook things become text and images.

``gathering`` takes what a question names and asks the others: ``cells`` (from ``recorder`` and the
notebook's file, written by ``describing``), ``variables`` (a module for each kind of type),
``figures`` (from ``images``, through ``renderings`` and ``resizing``), ``tracebacks`` and ``files``.
``redact`` takes secrets out, ``budget`` cuts, ``envelope`` wraps.
"""
