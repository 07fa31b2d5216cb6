"""Displays of nets and of their training."""
