"""Pairs of texts for laws of similarity."""

from hypothesis import strategies as st

_WORDS = ["the", "The", "cat", "cats", "sat", "on", "mat.", "a", "running", "ran", "car", "10"]

ascii_texts = st.lists(st.sampled_from(_WORDS), max_size=20).map(" ".join)
"""Few words, so that texts share runs of them."""

any_texts = st.one_of(ascii_texts, st.text(max_size=40), st.text("ab été 東京 नमस्ते.", max_size=30))
"""Texts of any script."""

CAT = ("The cat sat on the mat.", "the cat is on the mat")
FUZZY = ("fuzzy wuzzy was a bear", "fuzzy wuzzy had no hair")
PARIS = ("Paris", "The capital is Paris")
