"""Whole models in SQL: one statement, in steps that follow each other."""
