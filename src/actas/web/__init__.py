"""HTTP.

``gate`` answers the protocol routes from raw ASGI, in front of the router; ``body`` reads a bounded form;
``token``, ``introspect``, ``revoke``, ``documents`` (the key set and the ``metadata``), ``errors_page`` and
``health`` are routes, and a ``desk`` answers what is a form in and JSON out; ``pages`` is what people see;
``tally`` keeps the numbers of a process, ``gathering`` sums those of several, ``metrics`` writes them;
``errors`` makes an error into a response; ``admission`` bounds what is at work and the ``turnstile`` refuses
the rest; ``protocol`` is one connection, in the ``bounds`` of size and time, by ``reading``, which reads its
requests, and an ``alarm``; ``cycle`` is one request with its answer; ``peer`` is who is at its other end,
``tls`` what the listener shows and lets in over the ``handshakes``,
``proxies`` whose forwarded headers are believed; ``server`` runs the listeners under uvicorn, ``leaving`` is
how they end, and ``workers`` runs several processes.
"""
