"""What people see: pages made on the server. Only those that ask for a passkey run script, one file of ours.

A page is a view, a frozen value that says what there is to show, and a template of the same name.
``view`` has what views have in common, ``parts`` what they are made of; ``sign_in``, ``consent``, ``device``,
``account``, ``security`` and ``answers`` are the views, and ``ways`` and ``devices`` have words for them.
``rendering`` makes a view into a page with its headers, which ``policy`` writes; ``environment`` sets the
template engine up, with the words of ``words`` and the drawings of ``qr``; ``assets`` serves the style sheet
and the fonts. An endpoint imports a view and ``rendering``, and nothing of ours below ``web`` knows that
there are pages. Jinja2 and segno are imported here only.
"""
