"""The panel: the checks of a lab, in a notebook, with a browser in between."""
