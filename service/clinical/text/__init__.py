"""What a text asserts: present, possible, absent, historical, of the family, or only advised."""

from service.clinical.text.lexicon import Lexicon
from service.clinical.text.reader import Mention, read_onset, read_text
from service.clinical.text.words import speaks

__all__ = ["Lexicon", "Mention", "read_onset", "read_text", "speaks"]
