"""One lab, read from its files: what it asks, its quiz, its notebook and its reference answer."""
