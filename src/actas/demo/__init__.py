"""The guided tour: a small company of real processes on this computer, and scenes played between them.

``company`` writes it down: its configuration, people, keys and secrets, in one folder. ``corp_idp``,
``orders`` and ``inventory`` are programs of it; ``processes`` runs them beside the server, ``leash`` sees
that none outlives the tour. ``scenes`` are played over HTTP and judged, ``minutes`` reads what the server
wrote about them, and ``tour`` puts it in order. How it is told to people is the command line's.
"""
