"""How the shipped weights were made, and how their numbers are measured again."""
