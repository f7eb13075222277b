"""The command line: what people and scripts type.

``main`` holds the table of commands and turns whatever happens into an exit code; ``tree`` loads a
command when it is asked for and gives each the global flags; ``run`` is what one invocation knows;
``output`` writes answers and talk; ``exits`` has the exit codes and the one failure that commands raise.

``line``, ``sentence``, ``chains`` and ``hops`` draw who acts for whom; ``wording`` holds the small words,
``values`` the kinds of value that flags take. ``tokens`` and ``saved`` read token arguments, ``look`` and
``findings`` take a token apart, ``keysets`` gets keys. ``server`` and ``wire`` talk to a server, ``proofs``
proves who the client is, ``ask`` is what is asked, ``verdict`` what was answered, ``telling`` what is
printed about it, ``shown`` the exchange as sent. The other files are commands.

Nothing here decides anything about tokens that the server decides: it asks, shows and explains.
"""
