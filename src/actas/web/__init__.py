"""HTTP.

``gate`` answers the protocol routes from raw ASGI, in front of the router; ``body`` reads a bounded form;
``token``, ``documents`` (the key set and the ``metadata``), ``errors_page`` and ``health`` are the routes;
``errors`` makes an error into a response; ``admission`` sheds load; ``protocol`` bounds what uvicorn will
read of a request's head; ``server`` runs the listeners and ``workers`` several processes.
"""
