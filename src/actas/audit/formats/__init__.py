"""The same entry in the words of others: what leaves the house.

``entry`` reads a line of the log and says who is who in it; ``meaning`` says of each event what kind of thing
it is, once for all formats. Then one file for each format, each a pure function from an entry to a document:
``native``, ``cloud_events``, ``ocsf``, ``ecs``, ``cef``, ``csv_rows``. ``catalog`` lists them.

Every document carries the entry's id, its stream and its number in the stream, so that a gap is seen
(REL-04). Nothing is in a document that is not in the entry, and no secret is in an entry (SEC-87).
"""
