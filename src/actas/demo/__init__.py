"""The guided tour: two small companies of real processes on this computer, and scenes played between them.

``company`` writes the first one down: its configuration, people, keys and secrets, in one folder;
``tickets_company`` the other one, in a folder of its own. ``corp_idp``, ``orders``, ``inventory`` and
``tickets`` are programs of theirs; ``processes`` runs what ``programs`` lists, and ``leash`` sees that none
outlives the tour. ``scenes`` are played over HTTP and judged, ``crossing`` is the one that leads from one
company to the other, ``minutes`` reads what a server wrote about them, and ``tour`` puts it in order. How it
is told to people is the command line's.
"""
