"""A QR code, drawn on the server as SVG."""

from __future__ import annotations

from markupsafe import Markup


def drawing(text: str) -> Markup:
    """Return the drawing of ``text``, with the quiet margin that readers need.

    It carries no words and is hidden from whoever cannot see it: the text itself must stand beside it.
    """
    import segno  # no page but one needs it, and every process would wait for it

    code = segno.make_qr(text, error="m")
    width, height = code.symbol_size(border=4)
    path = "".join(
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(code.matrix_iter(border=4))
        for x, dark in enumerate(row)
        if dark
    )
    return Markup(
        '<svg class="qr" viewBox="0 0 {0} {1}" shape-rendering="crispEdges" aria-hidden="true" '
        'focusable="false"><path d="{2}"/></svg>'
    ).format(width, height, path)
