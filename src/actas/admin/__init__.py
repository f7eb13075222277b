"""What operators do, apart from how they ask for it.

``rehearsal`` runs an exchange up to the decision and explains it, live or from the minutes;
``explanation`` is what it says; ``made_up`` puts parties together that no token proves, for rehearsals
and policy tests only; ``policy_tests`` runs the tests of a configuration. ``trying`` decides both sides of a
connection on tokens that are ``imagined`` (by ``imagining``), and ``health`` looks whether it can work.
"""
