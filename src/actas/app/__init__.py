"""Puts the real parts together. The only place that knows concrete classes.

``foundation`` is what every command on this computer needs: the configuration, our keys, the catalog.
``parts`` makes the stages of the pipeline over it: here a new kind, grant, validator or method is plugged in.
``routes`` says who answers which public path, ``probes`` what must work for a process to issue, ``gauges``
and ``seals`` what is read for its metrics.
``assembly`` is a serving process: the pipeline, the stream it writes, the duties beside requests.
"""
