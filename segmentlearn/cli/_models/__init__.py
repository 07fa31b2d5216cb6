"""Commands that fit models, compare them, and name what they found."""
