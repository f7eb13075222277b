"""The management API: the deeds of administrators as JSON, under ``/api/v1``.

``routes`` is the table of every route with the role it wants; ``application`` lets callers in and writes down
whom it refuses; ``objects``, ``files`` and ``questions`` answer; ``openapi`` describes the table.
"""
