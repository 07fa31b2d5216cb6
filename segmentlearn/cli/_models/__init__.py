"""Commands about models that are there: compare them, name what they found."""
