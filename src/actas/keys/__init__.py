"""Our own keys. ``ring`` is the protocol by which the stages sign; ``local`` keeps keys in our store, sealed.

Keys sign; they are never handed out. Rotation is the operator's deed.
"""
