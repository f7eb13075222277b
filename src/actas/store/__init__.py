"""Where things are kept. Nothing below this floor knows a database.

The main database: ``database`` opens it and makes transactions, ``schema`` brings it to this release's
schema from the files in ``migrations``, ``tables`` names its tables, ``keys`` keeps our own keys in it.
What is on the hot path has files of its own: ``marks`` remembers what may happen once (``marks_file`` is
its file), ``audit`` and its neighbours keep the minutes. ``memory`` and ``memory_sign_in`` keep nothing
beyond the process.
"""
