"""The forms of asking: parse and respond, pure.

``grant`` is the protocol; one file for each grant type; ``details`` reads ``authorization_details``. Steps
that every grant shares live in the pipeline, so that a new grant cannot forget one.
"""
