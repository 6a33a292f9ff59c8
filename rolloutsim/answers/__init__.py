"""Answers: given a record alone, frozen results with their intervals."""
