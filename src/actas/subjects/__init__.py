"""Step 3: whose token is it? One file for each token type.

``validator`` is the protocol and the table, ``jwt`` what a foreign JWT goes through, ``own_id_token`` what
proves ID tokens of ours, ``chain`` the reading of ``act`` and ``may_act``, ``resident`` who people of other
domains are here, with ``tenants``, ``identified`` (by ``sub_id``) and ``known`` (who was here before).
Whether the exchange may happen is left to ``kinds`` and ``policy``.
"""
