"""Commands that write what a model knows: rules for programs, moves for people."""
